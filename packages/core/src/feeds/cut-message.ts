import type { FeedBody, FeedMessage } from './compose-message.ts';

/** What a message may lose to fit, in this order; the last leaves little but ids. */
export const CUTS = ['times', 'transcripts', 'insights', 'attachedData', 'payload'] as const;

/** A message as it goes out, as JSON. */
export interface CutMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How many of `CUTS` were made. */
  readonly cuts: number;
  readonly bytes: number;
}

/** The frame of a record in its batch, at most. */
const FRAME_BYTES = 64;
const HEADER_BYTES = 10;

/**
 * The message with as few cuts as make it fit, at least `atLeast` of them. The header `truncated` names those that took something away. A
 * message that no cut makes fit is returned as small as it gets. `bytesOf`: of a text in UTF-8. Source: EXPORTS C.
 */
export function cutMessage(
  message: FeedMessage,
  {
    maxBytes,
    atLeast = 0,
    bytesOf,
  }: { maxBytes: number; atLeast?: number; bytesOf: (text: string) => number },
): CutMessage {
  for (let cuts = atLeast; ; cuts += 1) {
    const { body, lost } =
      cuts === 0 ? { body: message.body, lost: [] } : cutBody(message.body, CUTS.slice(0, cuts));
    const headers = lost.length === 0 ? message.headers : { ...message.headers, truncated: lost.join(',') };
    const value = JSON.stringify(body);
    const bytes = bytesOf(value) + bytesOf(message.key) + bytesOfHeaders(headers, bytesOf) + FRAME_BYTES;
    if (bytes <= maxBytes || cuts >= CUTS.length) return { key: message.key, value, headers, cuts, bytes };
  }
}

/** Each name and value has its length before it. */
function bytesOfHeaders(headers: CutMessage['headers'], bytesOf: (text: string) => number): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + bytesOf(value) + HEADER_BYTES;
  return bytes;
}

type Cut = (typeof CUTS)[number];

function cutBody(body: FeedBody, cuts: readonly Cut[]): { body: FeedBody; lost: Cut[] } {
  const lost: Cut[] = [];
  let payload = body.payload;
  for (const cut of cuts) {
    const left = PARTS[cut](payload);
    if (left === payload) continue;
    lost.push(cut);
    payload = left;
  }
  return { body: lost.length === 0 ? body : { ...body, payload }, lost };
}

type Payload = FeedBody['payload'];

const transcriptsOf = (payload: Payload) => payload.Transcripts as readonly { Times: string }[] | undefined;
const conversationOf = (payload: Payload) => payload.Conversation as Payload | undefined;

/** Each returns the payload itself where it has nothing to take away. Fields stay, emptied, so that bodies keep their form. */
const PARTS: Readonly<Record<Cut, (payload: Payload) => Payload>> = {
  times: (payload) => {
    const parts = transcriptsOf(payload) ?? [];
    if (parts.every(({ Times }) => Times === '')) return payload;
    return { ...payload, Transcripts: parts.map((part) => ({ ...part, Times: '' })) };
  },
  transcripts: (payload) =>
    (transcriptsOf(payload) ?? []).length === 0 ? payload : { ...payload, Transcripts: [] },
  insights: (payload) => ((payload.AiInsights ?? null) === null ? payload : { ...payload, AiInsights: null }),
  attachedData: (payload) => {
    const conversation = conversationOf(payload);
    if (((conversation?.AttachedData ?? []) as readonly unknown[]).length === 0) return payload;
    return { ...payload, Conversation: { ...conversation, AttachedData: [] } };
  },
  payload: (payload) => shorten(payload) as Payload,
};

const LONGEST = 200;

function shorten(value: unknown): unknown {
  if (typeof value === 'string') return value.length > LONGEST ? value.slice(0, LONGEST) : value;
  if (Array.isArray(value)) return value.slice(0, LONGEST).map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shorten(each)]));
}
