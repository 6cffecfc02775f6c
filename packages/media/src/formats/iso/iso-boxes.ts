import type { ByteCursor } from '../../byte-cursor.ts';

const MAX_BOXES = 200_000;

/** A box by its header: `start` and `end` bound its payload. */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** The boxes between two offsets in order, as far as their headers make sense. */
export function* walkBoxes(cursor: ByteCursor, from: number, to: number): Generator<Box> {
  let offset = from;
  for (let count = 0; count < MAX_BOXES && offset + 8 <= to; count += 1) {
    const header = cursor.read(offset, 16);
    if (header.length < 8) return;
    const size32 = header.readUInt32BE(0);
    const isLong = size32 === 1 && header.length === 16;
    const size = isLong ? Number(header.readBigUInt64BE(8)) : size32 === 0 ? to - offset : size32;
    if (size < (isLong ? 16 : 8)) return;
    yield { type: header.toString('latin1', 4, 8), start: offset + (isLong ? 16 : 8), end: offset + size };
    offset += size;
  }
}

/** The first box of a type right inside another, and so on down a path. */
export const findBox = (cursor: ByteCursor, parent: Box, path: readonly string[]): Box | null => {
  const [type, ...rest] = path;
  if (type === undefined) return parent;
  for (const box of walkBoxes(cursor, parent.start, parent.end)) {
    if (box.type === type) return findBox(cursor, box, rest);
  }
  return null;
};
