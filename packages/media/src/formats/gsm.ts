import type { MediaBytes } from '../media-bytes.ts';
import { NOTHING_PROBED, type Probe } from './probe.ts';

/** GSM 06.10 full rate: frames of 33 bytes, 20 ms each, whose first four bits are 0xD (RFC 3551, 4.5.8.1). */
const FRAME_BYTES = 33;
const FRAME_SECONDS = 0.02;
const FRAMES_CHECKED = 32;

/** Whether the file is made of GSM frames. The raw format has no other signature. */
export const looksLikeGsm = (bytes: MediaBytes): boolean => {
  const head = bytes.read(0, FRAME_BYTES * FRAMES_CHECKED);
  if (head.length < FRAME_BYTES) return false;
  for (let offset = 0; offset < head.length; offset += FRAME_BYTES) {
    if (head.readUInt8(offset) >> 4 !== 0xd) return false;
  }
  return true;
};

/** Raw GSM is one channel at 8 kHz; a file without the frame mark stays unknown. */
export const probeGsm = (bytes: MediaBytes): Probe =>
  looksLikeGsm(bytes)
    ? {
        durationSeconds: Math.floor(bytes.sizeBytes / FRAME_BYTES) * FRAME_SECONDS,
        channels: 1,
        codec: 'GSM 6.10',
        hasVideo: false,
      }
    : NOTHING_PROBED;
