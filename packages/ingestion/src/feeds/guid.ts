import { createHash } from 'node:crypto';

/** Of our own, so that nobody else's names give the same GUIDs. */
const NAMESPACE = Buffer.from('5ad5e2c0f1f54c7f9d8c1b6a7c35c1f2', 'hex');
const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Few different users have most of the calls. */
const known = new Map<string, string>();
const MAX_KNOWN = 10_000;

/** A text that is a GUID already, in lower case; else the UUIDv5 of it. */
export function guidOf(text: string): string {
  const before = known.get(text);
  if (before !== undefined) return before;
  const guid = makeGuid(text);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, guid);
  return guid;
}

function makeGuid(text: string): string {
  if (GUID.test(text)) return text.toLowerCase();
  const hash = createHash('sha1').update(NAMESPACE).update(text, 'utf8').digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
