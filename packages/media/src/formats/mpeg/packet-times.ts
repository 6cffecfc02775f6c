import { type ElementarySound, readElementarySound } from './elementary-sound.ts';

const CLOCK_HZ = 90_000;
/** The clock of MPEG systems has 33 bits and starts again after 26 hours. */
const CLOCK_TICKS = 2 ** 33;
/**
 * A step back by more than this is another clock: recordings that were put together have several. Pictures are sent out of
 * their order, by seconds where there are few of them; sound is sent in its order.
 */
const REORDER_TICKS = 5 * CLOCK_HZ;
const SOUND_REORDER_TICKS = CLOCK_HZ / 2;
/** So is a step forward by more than this, where no packet was passed over. */
const PAUSE_TICKS = 60 * CLOCK_HZ;

/** A packet of one stream that says when it plays. */
export interface TimedPacket {
  readonly stream: number;
  readonly isSound: boolean;
  readonly playsAt: number;
  readonly payload: Buffer;
}

/** The time stamp of 33 bits in five bytes, each part closed by a one; null where the bytes are not a time. */
export const readTime = (packet: Buffer, at: number): number | null => {
  if (at + 5 > packet.length) return null;
  const [high, middle, low] = [
    packet.readUInt8(at),
    packet.readUInt16BE(at + 1),
    packet.readUInt16BE(at + 3),
  ];
  if ((high & middle & low & 1) === 0) return null;
  return ((high >> 1) & 7) * 2 ** 30 + (middle >> 1) * 2 ** 15 + (low >> 1);
};

/** Ticks from one time to another, over the start of the clock where that is nearer. */
const ticksBetween = (from: number, to: number): number => {
  const ticks = (to - from + CLOCK_TICKS) % CLOCK_TICKS;
  return ticks > CLOCK_TICKS / 2 ? ticks - CLOCK_TICKS : ticks;
};

/** The times of one clock, in ticks from the first packet that went by it. */
interface Part {
  readonly origin: number;
  earliest: number;
  end: number;
}

/** Where one stream of the film stands. */
interface StreamClock {
  part: number;
  last: number;
  seenAt: number;
}

/** What the packets of a film say, taken in the order of the file. */
export class PacketTimes {
  readonly #isWhole: boolean;
  readonly #parts: Part[] = [];
  readonly #streams = new Map<number, StreamClock>();
  #isBroken = false;
  #soundStream: number | null = null;
  #sound: ElementarySound | null = null;
  #hasVideo = false;

  /** With `isWhole` every packet of the file is taken, so that a clock that begins anew begins another part. */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  take(packet: TimedPacket): void {
    if (!packet.isSound) this.#hasVideo = true;
    const found = packet.isSound ? readElementarySound(packet.payload) : null;
    if (found !== null && (this.#sound === null || packet.stream === this.#soundStream)) {
      this.#soundStream ??= packet.stream;
      this.#sound ??= found;
    }
    const seenAt = this.#advance(packet);
    const part = this.#parts[this.#streams.get(packet.stream)!.part]!;
    part.earliest = Math.min(part.earliest, seenAt);
    part.end = Math.max(part.end, seenAt + (found?.seconds ?? 0) * CLOCK_HZ);
  }

  /** Ticks from the beginning of the part. Streams are told apart: one is still in a part when another has begun the next. */
  #advance({ stream, playsAt, isSound }: TimedPacket): number {
    const clock = this.#streams.get(stream);
    const step = clock === undefined ? 0 : ticksBetween(clock.last, playsAt);
    const backTicks = isSound ? SOUND_REORDER_TICKS : REORDER_TICKS;
    const isAnew = step < -backTicks || (this.#isWhole && step > PAUSE_TICKS);
    this.#isBroken ||= isAnew && !this.#isWhole;
    if (clock !== undefined && !(isAnew && this.#isWhole)) {
      clock.last = playsAt;
      clock.seenAt += step;
      return clock.seenAt;
    }
    const part = clock === undefined ? 0 : clock.part + 1;
    this.#parts[part] ??= { origin: playsAt, earliest: 0, end: 0 };
    const seenAt = ticksBetween(this.#parts[part].origin, playsAt);
    this.#streams.set(stream, { part, last: playsAt, seenAt });
    return seenAt;
  }

  /** Null where no packet has a time, or the times begin anew on the way and not all were seen. */
  get seconds(): number | null {
    const ticks = this.#parts.reduce((sum, { earliest, end }) => sum + end - earliest, 0);
    return this.#isBroken || ticks === 0 ? null : ticks / CLOCK_HZ;
  }

  get sound(): ElementarySound | null {
    return this.#sound;
  }

  get hasVideo(): boolean {
    return this.#hasVideo;
  }
}
