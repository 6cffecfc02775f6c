/**
 * The one bound on bytes that were read for clients and that the clients have not taken, for the whole process. It is
 * passed by at most one reply per connection: a connection without any bytes on their way may always have one, so that
 * clients that take nothing keep nobody else from reading.
 */
export interface ReplyBudget {
  take(bytes: number): void;
  give(bytes: number): void;
  hasRoomFor(bytes: number): boolean;
  usedBytes(): number;
}

export function createReplyBudget(limitBytes: number): ReplyBudget {
  let used = 0;
  return {
    take(bytes) {
      used += bytes;
    },
    give(bytes) {
      used -= bytes;
    },
    hasRoomFor: (bytes) => used + bytes <= limitBytes,
    usedBytes: () => used,
  };
}
