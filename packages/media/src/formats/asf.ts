import type { MediaBytes } from '../media-bytes.ts';
import { lastPacketSeconds } from './asf-packets.ts';
import { NOTHING_PROBED, type Probe } from './probe.ts';

const MAX_OBJECTS = 1_000;
const OBJECT_HEADER_BYTES = 24;
/** First eight bytes of the ids, as they stand in the file. */
const DATA = '3626b2758e66cf11';
const FILE_PROPERTIES = 'a1dcab8c47a9cf11';
const STREAM_PROPERTIES = '9107dcb7b7a9cf11';
const SOUND = '409e69f84d5bcf11';
const VIDEO = 'c0ef19bc4d5bcf11';

const CODECS: Readonly<Record<number, string>> = {
  10: 'Windows Media Audio Voice',
  85: 'MPEG Layer 3',
  352: 'Windows Media Audio V7',
  353: 'Windows Media Audio V8',
  354: 'Windows Media Audio Professional',
  355: 'Windows Media Audio Lossless',
  1: 'PCM',
  255: 'AAC',
  5648: 'AAC',
};

/** An object by its header; `sizeBytes` counts the header. */
interface AsfObject {
  readonly id: string;
  readonly start: number;
  readonly sizeBytes: number;
}

/** The objects from an offset on, as far as their sizes make sense. */
function* walkObjects(bytes: MediaBytes, from: number, to: number): Generator<AsfObject> {
  let offset = from;
  for (let count = 0; count < MAX_OBJECTS && offset + OBJECT_HEADER_BYTES <= to; count += 1) {
    const header = bytes.readAll(offset, OBJECT_HEADER_BYTES);
    if (header === null) return;
    // Past 2^53 the number is not a size.
    const sizeBytes = Number(header.readBigUInt64LE(16));
    if (sizeBytes < OBJECT_HEADER_BYTES || sizeBytes > Number.MAX_SAFE_INTEGER) return;
    yield { id: header.toString('hex', 0, 8), start: offset, sizeBytes };
    offset += sizeBytes;
  }
}

/** The fixed part of a data object; a broadcast writes its bare size, or zero. */
const DATA_HEADER_BYTES = 50;

/**
 * Whether a Windows Media file breaks off: each of its top-level objects (header, data, indexes) declares its size,
 * a 16-byte id before it included. A broadcast does not know the size of its data and says zero, or a bare header.
 */
export const isAsfTruncated = (bytes: MediaBytes): boolean => {
  for (const { start, sizeBytes } of walkObjects(bytes, 0, bytes.sizeBytes)) {
    if (sizeBytes === DATA_HEADER_BYTES) return false;
    if (start + sizeBytes > bytes.sizeBytes) return start === 0 || isTopLevel(bytes, start);
  }
  return false;
};

/** Second halves of the ids of top-level objects: header, data and simple index, index, other indexes. */
const ID_ENDS = new Set([
  'a6d900aa0062ce6c',
  '89f400a0c90349cb',
  '903400a0c90349be',
  '840f2a1d2f7ad48c',
  '953dedf7b6228f0c',
]);

/** Whether the id is one that stands at the top level: what someone appended has another. */
const isTopLevel = (bytes: MediaBytes, start: number): boolean => {
  return ID_ENDS.has(bytes.read(start + 8, 8).toString('hex'));
};

interface AsfHeader {
  playSeconds: number | null;
  packetBytes: number;
  packets: number;
  channels: number | null;
  codec: string | null;
  hasVideo: boolean;
}

/**
 * Windows Media: duration as the header declares it where the data object is whole, else by the time of the last packet
 * that is there; channels and codec by the properties of the first sound stream.
 */
export const probeAsf = (bytes: MediaBytes): Probe => {
  const [top] = walkObjects(bytes, 0, bytes.sizeBytes);
  if (top === undefined) return NOTHING_PROBED;
  const header: AsfHeader = {
    playSeconds: null,
    packetBytes: 0,
    packets: 0,
    channels: null,
    codec: null,
    hasVideo: false,
  };
  // The header counts its objects and has two bytes behind its own header.
  for (const object of walkObjects(bytes, 30, Math.min(top.sizeBytes, bytes.sizeBytes))) {
    if (object.id === FILE_PROPERTIES) takeFileProperties(bytes, object, header);
    if (object.id === STREAM_PROPERTIES) takeStreamProperties(bytes, object, header);
  }
  const data = [...walkObjects(bytes, 0, bytes.sizeBytes)].find(({ id }) => id === DATA);
  const dataStart = data === undefined ? null : data.start + DATA_HEADER_BYTES;
  return {
    durationSeconds: dataStart === null ? null : secondsOf(bytes, header, dataStart),
    channels: header.channels,
    codec: header.codec,
    hasVideo: header.hasVideo,
  };
};

const secondsOf = (bytes: MediaBytes, header: AsfHeader, dataStart: number): number | null => {
  const { playSeconds, packetBytes, packets } = header;
  if (packetBytes === 0) return null;
  const isWhole = packets > 0 && dataStart + packets * packetBytes <= bytes.sizeBytes;
  if (isWhole && playSeconds !== null) return playSeconds;
  const present = Math.floor((bytes.sizeBytes - dataStart) / packetBytes);
  return lastPacketSeconds(bytes, dataStart, packetBytes, isWhole ? packets : present);
};

/** Number of packets, time of play in units of 100 ns with the preroll in milliseconds, flags, size of packets. */
const takeFileProperties = (bytes: MediaBytes, object: AsfObject, header: AsfHeader): void => {
  const fields = bytes.readAll(object.start, 104);
  if (fields === null) return;
  const isBroadcast = (fields.readUInt32LE(88) & 1) !== 0;
  const seconds = Number(fields.readBigUInt64LE(64)) / 1e7 - Number(fields.readBigUInt64LE(80)) / 1e3;
  header.playSeconds = isBroadcast || seconds <= 0 ? null : seconds;
  header.packets = isBroadcast ? 0 : Number(fields.readBigUInt64LE(56));
  const [least, most] = [fields.readUInt32LE(92), fields.readUInt32LE(96)];
  header.packetBytes = least === most ? least : 0;
};

/** The type of a stream, and behind 54 bytes for sound a WAVEFORMAT structure. */
const takeStreamProperties = (bytes: MediaBytes, object: AsfObject, header: AsfHeader): void => {
  const fields = bytes.readAll(object.start + OBJECT_HEADER_BYTES, 58);
  if (fields === null) return;
  const kind = fields.toString('hex', 0, 8);
  if (kind === VIDEO) header.hasVideo = true;
  if (kind !== SOUND || header.channels !== null) return;
  const code = fields.readUInt16LE(54);
  header.codec = CODECS[code] ?? `WAVE format ${code}`;
  header.channels = fields.readUInt16LE(56);
};
