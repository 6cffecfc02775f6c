import type { MediaBytes } from '../../media-bytes.ts';
import { mediaEnd } from '../tail-tags.ts';

/** One MPEG audio frame (layers I, II, III), by its four-byte header. */
export interface MpegFrame {
  readonly sizeBytes: number;
  readonly seconds: number;
  readonly channels: number;
  readonly codec: string;
  /** Bytes of the side information after the header, where a Xing header may follow. */
  readonly sideBytes: number;
  /** The bits that all frames of one stream share. */
  readonly kind: number;
  readonly bitrate: number;
}

/** Bit rates in kbit/s by [MPEG version 1 or else][layer]; index 0 is free format, which nobody uses. */
const BITRATES: readonly (readonly (readonly number[])[])[] = [
  [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  [
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
];
const SAMPLE_RATES = [44_100, 48_000, 32_000];
/** How far junk before the first frame is searched. */
const SEARCH_BYTES = 64 * 1024;
const FRAMES_IN_A_ROW = 3;

/** The frame whose header is at `offset`, or null where there is none. */
export const readMpegFrame = (buffer: Buffer, offset: number): MpegFrame | null => {
  if (offset + 4 > buffer.length) return null;
  const header = buffer.readUInt32BE(offset);
  const version = (header >>> 19) & 3;
  const layer = 4 - ((header >>> 17) & 3);
  const rate = SAMPLE_RATES[(header >>> 10) & 3];
  if (header >>> 21 !== 0x7ff || version === 1 || layer === 4 || rate === undefined) return null;
  const isVersion1 = version === 3;
  const bitrate = BITRATES[isVersion1 ? 0 : 1]?.[layer - 1]?.[(header >>> 12) & 15];
  if (bitrate === undefined || bitrate === 0) return null;
  const sampleRate = isVersion1 ? rate : version === 2 ? rate / 2 : rate / 4;
  const slots = layer === 1 ? 12 : layer === 3 && !isVersion1 ? 72 : 144;
  const padding = (header >>> 9) & 1;
  const size = Math.floor((slots * bitrate * 1000) / sampleRate) + padding;
  const isMono = ((header >>> 6) & 3) === 3;
  const sideBytes = isVersion1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  const samples = layer === 1 ? 384 : slots * 8;
  return {
    sizeBytes: layer === 1 ? size * 4 : size,
    seconds: samples / sampleRate,
    channels: isMono ? 1 : 2,
    codec: `MPEG ${isVersion1 ? '1' : version === 2 ? '2' : '2.5'} Layer ${layer}`,
    sideBytes,
    kind: header & 0xfffe0c00,
    bitrate: bitrate * 1000,
  };
};

/** Offset of the first of three frames in a row (fewer where the file ends) within 64 KiB, or null. */
export const findMpegFrame = (bytes: MediaBytes, from: number): number | null => {
  const head = bytes.read(from, SEARCH_BYTES + 8 * 1024);
  const isWholeFile = from + head.length === bytes.sizeBytes;
  for (let start = 0; start < Math.min(head.length, SEARCH_BYTES); start += 1) {
    if (head[start] === 0xff && isFrameRun(head, start, isWholeFile)) return from + start;
  }
  return null;
};

const isFrameRun = (head: Buffer, start: number, isWholeFile: boolean): boolean => {
  const first = readMpegFrame(head, start);
  let offset = start;
  for (let count = 0; count < FRAMES_IN_A_ROW; count += 1) {
    // A file cut after its first frame is still what its first frame says; junk in front makes that less believable.
    if (count > 0 && start === 0 && isWholeFile && offset + 4 > head.length) return true;
    const frame = readMpegFrame(head, offset);
    if (frame === null || frame.kind !== first?.kind) return false;
    offset += frame.sizeBytes;
  }
  return true;
};

/** Where an ID3v2 tag at `from` ends; `from` where there is none. Tags may stand one after another. */
export const id3End = (bytes: MediaBytes, from = 0): number => {
  let end = from;
  for (let tags = 0; tags < 16; tags += 1) {
    const header = bytes.readAll(end, 10);
    if (header === null || header.toString('latin1', 0, 3) !== 'ID3' || header.readUInt8(3) === 0xff)
      return end;
    const size = [6, 7, 8, 9].reduce((sum, at) => (sum << 7) | (header.readUInt8(at) & 0x7f), 0);
    const hasFooter = (header.readUInt8(5) & 0x10) !== 0;
    end += 10 + size + (hasFooter ? 10 : 0);
  }
  return end;
};

/** What a Xing, Info or VBRI header in the first frame counts. */
export interface StreamHeader {
  readonly frames: number | null;
  readonly sizeBytes: number | null;
}

/** The header that the first frame holds in place of sound; null where it is a frame like others. */
export const readStreamHeader = (head: Buffer, frame: MpegFrame): StreamHeader | null => {
  const xingAt = 4 + frame.sideBytes;
  const tag = head.toString('latin1', xingAt, xingAt + 4);
  if ((tag === 'Xing' || tag === 'Info') && head.length >= xingAt + 16) {
    const flags = head.readUInt32BE(xingAt + 4);
    const hasFrames = (flags & 1) !== 0;
    const hasBytes = (flags & 2) !== 0;
    return {
      frames: hasFrames ? head.readUInt32BE(xingAt + 8) : null,
      sizeBytes: hasBytes ? head.readUInt32BE(xingAt + (hasFrames ? 12 : 8)) : null,
    };
  }
  // VBRI always stands 32 bytes after the header: version, delay, quality, then bytes and frames.
  const isVbri = head.toString('latin1', 36, 40) === 'VBRI' && head.length >= 54;
  return isVbri ? { sizeBytes: head.readUInt32BE(46), frames: head.readUInt32BE(50) } : null;
};

/**
 * Whether an MPEG audio file breaks off: inside its ID3 tag, or short of the bytes that its Xing, Info or VBRI
 * header counts, by more than two frames. Without such a header nothing is declared.
 */
export const isMpegAudioTruncated = (bytes: MediaBytes): boolean => {
  const tagEnd = id3End(bytes);
  if (tagEnd > bytes.sizeBytes) return true;
  const start = findMpegFrame(bytes, tagEnd);
  const head = start === null ? null : bytes.read(start, 512);
  const frame = head === null ? null : readMpegFrame(head, 0);
  if (start === null || head === null || frame === null) return false;
  const declared = readStreamHeader(head, frame)?.sizeBytes ?? null;
  // Some encoders count their tags too, and declare the whole file.
  if (declared === null || declared === bytes.sizeBytes || declared === bytes.sizeBytes - tagEnd)
    return false;
  return start + declared > mediaEnd(bytes) + 2 * frame.sizeBytes + 128;
};
