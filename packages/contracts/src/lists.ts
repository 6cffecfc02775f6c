import { z } from 'zod';
import { Instant, isStorableText } from './common.ts';

/** One page of a list; `nextCursor` is null on the last. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export interface List<T> {
  items: T[];
  nextCursor: string | null;
}

/** The most bytes of JSON that a page holds, unless its first item alone is larger. */
export const PAGE_BYTES = 4 * 1024 * 1024;

/** A larger item stands in a list without its large values, and says where they are. */
export const ITEM_BYTES = 1024 * 1024;

/** What a list leaves out of an item for its size. */
export const Omitted = z
  .object({
    bytes: z.int().meta({ description: 'How large the omitted values are, at least.' }),
    href: z.string().meta({ description: 'The path that answers the whole item.' }),
  })
  .meta({ id: 'Omitted', description: 'Present where values of the item are too large for a list.' });
export type Omitted = z.infer<typeof Omitted>;

/** A list query's `limit`: 1 to 500, 50 unless given. A page may hold fewer items, for their size. */
export const Limit = z.coerce.number().int().min(1).max(500).default(50);

/** Writes a position as the opaque `nextCursor` that `cursorOf` reads back. */
export const encodeCursor = (position: unknown): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** Positions that cursors hold: an instant that Postgres knows, and a number of its `integer`. */
export const CursorInstant = Instant.refine((text) => text >= '0001');
export const CursorInteger = z.int().min(0).max(2_147_483_647);

/** A query's `cursor`: the position that `encodeCursor` wrote, or an issue at `cursor` for anything else. */
export const cursorOf = <T extends z.ZodType>(position: T) =>
  z
    .string()
    .max(2048)
    .transform((value, context): z.output<T> => {
      const parsed = position.safeParse(readCursor(value));
      if (parsed.success) return parsed.data;
      context.addIssue({
        code: 'custom',
        message: 'Send a `nextCursor` of this very list, unchanged.',
        params: { code: 'CURSOR_INVALID' },
      });
      return z.NEVER;
    })
    .optional();

/** Any text in a position goes into a statement, so that one with a NUL, say, is not a valid cursor. */
function readCursor(value: string): unknown {
  try {
    return JSON.parse(Buffer.from(value, 'base64url').toString(), (key, part) => {
      for (const text of [key, part]) {
        if (typeof text === 'string' && !isStorableText(text)) throw new TypeError('no text of ours');
      }
      return part;
    });
  } catch {
    return undefined;
  }
}

/** Rows of one page, and whether others follow them. */
export interface RowsOfPage<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

/**
 * A page of rows that may end before its limit. `positionOf` returns what the list is ordered by, of the last row.
 */
export function pageOf<Row, Item>(
  { rows, hasMore }: RowsOfPage<Row>,
  toItem: (row: Row) => Item,
  positionOf: (row: Row) => unknown,
): List<Item> {
  const last = rows.at(-1);
  return {
    items: rows.map(toItem),
    nextCursor: last !== undefined && hasMore ? encodeCursor(positionOf(last)) : null,
  };
}

/**
 * Cuts a page out of `limit + 1` rows and names where the next one starts.
 * `positionOf` gives what the list is ordered by, of the last row shown.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  positionOf: (row: Row) => unknown,
): List<Item> {
  return pageOf({ rows: rows.slice(0, limit), hasMore: rows.length > limit }, toItem, positionOf);
}
