import { ByteCursor } from '../../byte-cursor.ts';
import type { MediaBytes } from '../../media-bytes.ts';
import { untilReadLimit } from '../../until-read-limit.ts';
import { channelsOfAudioConfig } from '../aac-config.ts';
import { opusPacketSamples } from '../ogg/ogg-codecs.ts';
import { channelsOfVorbisHeaders } from '../ogg/vorbis-modes.ts';
import { NOTHING_PROBED, type Probe } from '../probe.ts';
import {
  CLUSTER_IDS,
  type Element,
  ID,
  MAX_HEADER_BYTES,
  readElement,
  readFloat,
  readUnsigned,
  SEGMENT_IDS,
  vintLength,
  walkElements,
} from './ebml.ts';

const MAX_HEADER_ELEMENT_BYTES = 4 * 1024 * 1024;
const MAX_ELEMENTS = 2_000_000;
const SOUND = 2;
const VIDEO = 1;
/** What a declared duration may differ from the times of the blocks, in parts and in seconds. */
const SLACK_SHARE = 0.02;
const SLACK_SECONDS = 0.5;

interface Track {
  readonly number: number;
  readonly type: number;
  readonly codecId: string;
  readonly channels: number | null;
  /** Seconds of a block; null where it is not told. */
  readonly blockSeconds: number | null;
}

/** What the walk over a segment has gathered; times in ticks. */
interface Segment {
  secondsPerTick: number;
  declaredTicks: number | null;
  tracks: Track[];
  clusterTicks: number;
  firstTicks: number | null;
  endTicks: number;
}

/**
 * Matroska and WebM (RFC 9559): duration as declared where the blocks bear it out, else by the time of the blocks, which
 * also tell how long a live stream is whose writer never knew. Channels by the configuration of the codec.
 */
export const probeMatroska = (bytes: MediaBytes): Probe => {
  const segment: Segment = {
    secondsPerTick: 0.001,
    declaredTicks: null,
    tracks: [],
    clusterTicks: 0,
    firstTicks: null,
    endTicks: 0,
  };
  const isWalked = untilReadLimit(() => walkSegment(new ByteCursor(bytes), segment));
  const sound = segment.tracks.find(({ type }) => type === SOUND);
  return {
    ...NOTHING_PROBED,
    durationSeconds: isWalked ? durationOf(segment) : null,
    channels: sound?.channels ?? null,
    codec: sound === undefined ? null : sound.codecId.replace(/^A_/, ''),
    hasVideo: segment.tracks.length === 0 ? null : segment.tracks.some(({ type }) => type === VIDEO),
  };
};

const durationOf = ({ secondsPerTick, declaredTicks, firstTicks, endTicks }: Segment): number | null => {
  const declared = (declaredTicks ?? 0) * secondsPerTick;
  const counted = firstTicks === null ? 0 : (endTicks - firstTicks) * secondsPerTick;
  if (counted === 0) return null;
  // A duration counts from zero even where the first block does not.
  const slack = SLACK_SHARE * declared + SLACK_SECONDS;
  const isBorneOut = Math.abs(endTicks * secondsPerTick - declared) <= slack && firstTicks === 0;
  return declared > 0 && isBorneOut ? declared : counted;
};

/**
 * Goes from element to element. Of clusters whose size is known only the last is walked block by block: what the others
 * hold lies before it.
 */
const walkSegment = (cursor: ByteCursor, segment: Segment): void => {
  let offset = 0;
  let end = cursor.sizeBytes;
  let last: { readonly start: number; readonly end: number } | null = null;
  for (let count = 0; count < MAX_ELEMENTS; count += 1) {
    const element = offset < end ? readElement(cursor.read(offset, MAX_HEADER_BYTES), offset) : null;
    const isKnown = element !== null && mayFollow(element, count);
    if (!isKnown) {
      if (last === null) return;
      offset = last.start;
      end = last.end;
      last = null;
      continue;
    }
    const { id, start, sizeBytes } = element;
    if (id === ID.cluster && sizeBytes !== null) {
      takeClusterTime(cursor, segment, start);
      last = { start, end: Math.min(start + sizeBytes, cursor.sizeBytes) };
      offset = start + sizeBytes;
    } else if (sizeBytes === null || id === ID.segment) offset = start;
    else {
      takeElement(cursor, segment, id, start, sizeBytes);
      offset = start + sizeBytes;
    }
  }
};

/** Whether an element belongs where the walk is: behind the file's header and inside the segment or a cluster. */
const mayFollow = ({ id, sizeBytes }: Element, count: number): boolean => {
  if (sizeBytes === null) return id === ID.segment || id === ID.cluster;
  return count < 2 || SEGMENT_IDS.has(id) || CLUSTER_IDS.has(id);
};

/** The time of a cluster is its first element, or stands behind a checksum. */
const takeClusterTime = (cursor: ByteCursor, segment: Segment, start: number): void => {
  for (const { id, body } of walkElements(cursor.read(start, 64))) {
    if (id !== ID.clusterTime) continue;
    segment.firstTicks ??= readUnsigned(body);
    return;
  }
};

const takeElement = (
  cursor: ByteCursor,
  segment: Segment,
  id: number,
  start: number,
  sizeBytes: number,
): void => {
  const readBody = (): Buffer => cursor.read(start, Math.min(sizeBytes, MAX_HEADER_ELEMENT_BYTES));
  if (id === ID.info) takeInfo(segment, readBody());
  else if (id === ID.tracks) segment.tracks.push(...readTracks(Buffer.from(readBody())));
  else if (id === ID.clusterTime) segment.clusterTicks = readUnsigned(readBody());
  else if (id === ID.simpleBlock) takeBlock(segment, cursor.read(start, Math.min(sizeBytes, 64)), null);
  else if (id === ID.blockGroup) {
    let blockDuration: number | null = null;
    let block: Buffer | null = null;
    for (const { id: inner, body } of walkElements(readBody())) {
      if (inner === ID.blockDuration) blockDuration = readUnsigned(body);
      if (inner === ID.block) block = body;
    }
    if (block !== null) takeBlock(segment, block, blockDuration);
  }
};

const takeInfo = (segment: Segment, body: Buffer): void => {
  for (const { id, body: value } of walkElements(body)) {
    if (id === ID.timestampScale) segment.secondsPerTick = readUnsigned(value) / 1e9;
    if (id === ID.duration) segment.declaredTicks = readFloat(value);
  }
};

const readTracks = (body: Buffer): Track[] =>
  [...walkElements(body)]
    .filter(({ id }) => id === ID.trackEntry)
    .slice(0, 64)
    .map((entry) => readTrack(entry.body));

const readTrack = (entry: Buffer): Track => {
  const found = new Map([...walkElements(entry)].map(({ id, body }) => [id, body]));
  const codecId = found.get(ID.codecId)?.toString('latin1').replace(/\0.*$/s, '') ?? '';
  const audio = found.get(ID.audio);
  const declared = audio && [...walkElements(audio)].find(({ id }) => id === ID.channels)?.body;
  // One channel is what the format takes where nothing stands.
  const container = audio === undefined ? null : declared === undefined ? 1 : readUnsigned(declared);
  const defaultDuration = found.get(ID.defaultDuration);
  return {
    number: readUnsigned(found.get(ID.trackNumber) ?? Buffer.alloc(0)),
    type: readUnsigned(found.get(ID.trackType) ?? Buffer.alloc(0)),
    codecId,
    channels: configuredChannels(codecId, found.get(ID.codecPrivate) ?? Buffer.alloc(0)) ?? container,
    blockSeconds: defaultDuration === undefined ? null : readUnsigned(defaultDuration) / 1e9,
  };
};

const configuredChannels = (codecId: string, configuration: Buffer): number | null => {
  if (codecId === 'A_OPUS' && configuration.toString('latin1', 0, 8) === 'OpusHead')
    return configuration[9] ?? null;
  if (codecId.startsWith('A_AAC') && configuration.length >= 2) return channelsOfAudioConfig(configuration);
  return codecId === 'A_VORBIS' ? channelsOfVorbisHeaders(configuration) : null;
};

/** A block: the track's number, its time within the cluster as 16 bits with a sign, flags, frames. */
const takeBlock = (segment: Segment, block: Buffer, durationTicks: number | null): void => {
  const numberBytes = vintLength(block, 0);
  if (block.length < numberBytes + 3) return;
  const number = block.readUInt8(0) & (0xff >> numberBytes);
  const track = segment.tracks.find((each) => each.number === number);
  if (track === undefined || (track.type !== SOUND && track.type !== VIDEO)) return;
  const ticks = segment.clusterTicks + block.readInt16BE(numberBytes);
  const isLaced = (block.readUInt8(numberBytes + 2) & 6) !== 0;
  const frame = block.subarray(numberBytes + 3);
  const opusSeconds = track.codecId === 'A_OPUS' && !isLaced ? opusPacketSamples(frame) / 48_000 : 0;
  const seconds = durationTicks === null ? (track.blockSeconds ?? opusSeconds) : 0;
  const end = ticks + (durationTicks ?? seconds / segment.secondsPerTick);
  segment.firstTicks = Math.min(segment.firstTicks ?? ticks, ticks);
  segment.endTicks = Math.max(segment.endTicks, end);
};
