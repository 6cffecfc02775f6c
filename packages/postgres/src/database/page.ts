import { ITEM_BYTES, PAGE_BYTES, type RowsOfPage } from '@callbay/contracts';
import type { Sql } from './database.ts';

/** A statement's text and values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface PageQuery {
  /** Columns of bounded size: name in the answer to SQL. */
  readonly light: Readonly<Record<string, string>>;
  /** Columns of any size, which are answered as text and counted: name to SQL. */
  readonly heavy: Readonly<Record<string, string>>;
  /** Light columns that are made of heavy ones, by their names: only for rows that the page shows. */
  readonly derived?: Readonly<Record<string, string>>;
  readonly limit: number;
  /** Whether rows over `ITEM_BYTES` come without their heavy and derived columns, which are then null. */
  readonly omitsLarge: boolean;
  /** The statement of the whole list, in its order: what it selects, and how many rows at most. */
  readonly statement: (select: string, rows: number) => Statement;
}

/** What a heavy row says of itself beside its columns. */
export interface Sized {
  /** How large its heavy columns are; of an omitted one, at least. */
  readonly bytes: number;
}

/** A row counts this much besides its heavy columns. */
const LIGHT_BYTES = 1024;

/**
 * One page of a list whose rows may be large: at most `limit` rows, and no more than fit into `PAGE_BYTES`, but at least
 * one. What lies beyond stays in the database. Sizes as stored are known without reading a value, but are compressed:
 * they say how far the exact sizes are worth measuring.
 */
export async function queryPage<Row>(sql: Sql, query: PageQuery): Promise<RowsOfPage<Row & Sized>> {
  const { text, values } = query.statement(selectOf({ ...query.light, ...query.heavy }), query.limit + 1);
  const found = await sql.query<Row & Sized & { found: number }>(pageSql(query, text), values);
  const rows = found.map(({ found: _, ...row }) => row as Row & Sized);
  return { rows, hasMore: (found[0]?.found ?? 0) > rows.length };
}

const quote = (name: string): string => `"${name}"`;

/** The select list of columns by name. */
export const selectOf = (columns: Readonly<Record<string, string>>): string =>
  Object.entries(columns)
    .map(([name, column]) => `${column} AS ${quote(name)}`)
    .join(', ');

function pageSql({ light, heavy, derived = {}, limit, omitsLarge }: PageQuery, text: string): string {
  const heavyNames = Object.keys(heavy).map(quote);
  const stored = heavyNames.map((name) => `coalesce(pg_column_size(${name}), 0)`).join(' + ');
  const exact = heavyNames.map((name) => `coalesce(octet_length(${name}::text), 0)`).join(' + ');
  const isLarge = (bytes: string): string => (omitsLarge ? `${bytes} > ${ITEM_BYTES}` : 'false');
  const unlessLarge = (value: string): string => `CASE WHEN NOT (${isLarge('bytes')}) THEN ${value} END`;
  const shown = [
    ...Object.keys(light).map(quote),
    ...heavyNames.map((name) => `${unlessLarge(`${name}::text`)} AS ${name}`),
    ...Object.entries(derived).map(([name, column]) => `${unlessLarge(column)} AS ${quote(name)}`),
  ];
  return `
WITH listed AS (
  ${text}
), stored AS (
  SELECT listed.*, row_number() OVER () AS nth, count(*) OVER () AS found, ${stored} AS stored_bytes FROM listed
), bounded AS (
  SELECT stored.*, sum(CASE WHEN ${isLarge('stored_bytes')} THEN 0 ELSE stored_bytes END)
                     OVER (ORDER BY nth) AS stored_total
    FROM stored
), measured AS (
  SELECT bounded.*, CASE WHEN ${isLarge('stored_bytes')} THEN stored_bytes ELSE ${exact} END AS bytes
    FROM bounded WHERE nth <= ${limit} AND (nth = 1 OR stored_total <= ${PAGE_BYTES})
), page AS (
  SELECT measured.*, sum(${LIGHT_BYTES} + CASE WHEN ${isLarge('bytes')} THEN 0 ELSE bytes END)
                       OVER (ORDER BY nth) AS total
    FROM measured
)
SELECT ${shown.join(', ')}, bytes, found FROM page WHERE nth = 1 OR total <= ${PAGE_BYTES} ORDER BY nth`;
}

const FEW_ROWS = 16;

/**
 * The same for lists of what people set up, whose rows Prisma reads: a few at a time, until the page is full. `load` reads
 * rows after another one, or the first ones.
 */
export async function fillPage<Row>(page: {
  readonly limit: number;
  readonly load: (after: Row | undefined, rows: number) => Promise<readonly Row[]>;
  /** The parts of a row that may be large. */
  readonly heavyOf: (row: Row) => unknown;
}): Promise<RowsOfPage<Row>> {
  const rows: Row[] = [];
  let bytes = 0;
  for (;;) {
    const wanted = Math.min(FEW_ROWS, page.limit + 1 - rows.length);
    const found = await page.load(rows.at(-1), wanted);
    for (const row of found) {
      bytes += LIGHT_BYTES + Buffer.byteLength(JSON.stringify(page.heavyOf(row)));
      if (rows.length === page.limit || (rows.length > 0 && bytes > PAGE_BYTES))
        return { rows, hasMore: true };
      rows.push(row);
    }
    if (found.length < wanted) return { rows, hasMore: false };
  }
}
