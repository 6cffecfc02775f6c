/**
 * The most UTF-8 bytes of one record, names and values of its fields together: what a call is made of, sent and kept in
 * every revision of the call. Source: case 116.
 */
export const RECORD_LIMIT_BYTES = 1024 * 1024;

/** Whether merging has made a record of more than a file may hold. */
export function isOverRecordLimit(fields: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(fields);
  const units = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  // A UTF-16 unit takes three bytes at most.
  if (units * 3 <= RECORD_LIMIT_BYTES) return false;
  return (
    entries.reduce((sum, [name, value]) => sum + utf8Bytes(name) + utf8Bytes(value), 0) > RECORD_LIMIT_BYTES
  );
}

/** The most UTF-8 bytes of a text that calls are found by: an index holds no more. No file has so long a name. */
export const KEY_LIMIT_BYTES = 2048;

export const isOverKeyLimit = (text: string): boolean => utf8Bytes(text) > KEY_LIMIT_BYTES;

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Half of a pair takes two bytes of the pair's four.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
