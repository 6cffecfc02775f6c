import type { StatsFs } from 'node:fs';
import { uint64 } from './ssh2-internals.ts';
import { malformed } from './statuses.ts';

/** The length-prefixed strings of a request's body, exactly `count` of them. Throws BAD_MESSAGE. */
function stringsOf(bytes: Buffer, count: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  while (found.length < count) {
    if (at + 4 > bytes.length) throw malformed();
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw malformed();
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** The old and the new path of `posix-rename@openssh.com`. */
export function posixRenameNames(bytes: Buffer): { from: string; to: string } {
  const [from, to] = stringsOf(bytes, 2);
  if (from === undefined || to === undefined) throw malformed();
  return { from: from.toString(), to: to.toString() };
}

/** The handle of `fsync@openssh.com`. */
export function fsyncTarget(bytes: Buffer): Buffer {
  const [handle] = stringsOf(bytes, 1);
  if (handle === undefined) throw malformed();
  return handle;
}

const NAME_MAX = 255;

/** The eleven numbers of `statvfs@openssh.com`, for the spool's file system. */
export function statvfsReply(fs: StatsFs): Buffer {
  const numbers = [
    fs.bsize,
    fs.bsize,
    fs.blocks,
    fs.bfree,
    fs.bavail,
    fs.files,
    fs.ffree,
    fs.ffree,
    0,
    0,
    NAME_MAX,
  ];
  return Buffer.concat(numbers.map(uint64));
}
