import { randomBytes } from 'node:crypto';

/**
 * A new file's id: a UUID of version 7. Its first 48 bits are the time, so that what comes together rests together, in
 * indexes and in folders of bytes. Nothing is judged by that time.
 */
export function newFileId(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
