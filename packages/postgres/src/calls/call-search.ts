import { isDecimal, readWords, type SearchValue, type TypedCondition } from '@callbay/core';
import type { CallSearch } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import type { PageQuery, Statement } from '../database/page.ts';

/** Collects values and answers their placeholders. */
class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}

type Range = Extract<TypedCondition, { kind: 'range' }>;

const NUMBER_SQL = String.raw`^-?\d{1,30}(\.\d{1,30})?$`;
const KEYS = {
  callId: ['call_id'],
  changeSeq: ['change_seq'],
  startedAt: ['started_at', 'call_id'],
} as const satisfies Record<CallSearch['key'], readonly string[]>;

/** Fixed fields of a call are columns; all others are in `fields`. */
const COLUMNS: ReadonlyMap<string, { readonly sql: string; readonly type: string }> = new Map([
  ['startedAt', { sql: 'started_at', type: 'timestamptz' }],
  ['endedAt', { sql: 'ended_at', type: 'timestamptz' }],
  ['user', { sql: 'user_id', type: 'text' }],
  ['direction', { sql: 'direction', type: 'text' }],
  ['durationSeconds', { sql: 'duration_seconds', type: 'float8' }],
]);

/** The rows that a search looks for, and how a page of them is cut. */
export interface Search {
  /** Everything after WHERE. */
  readonly conditions: string;
  readonly order: string;
  readonly values: readonly unknown[];
  /** Words or values are sought, which have an index of their own besides the one of the order. */
  readonly hasTwoWays: boolean;
}

/**
 * The search of surfaced calls, ordered by what its cursor is: by index, so that calls which come between two pages
 * neither repeat nor hide one.
 */
export function searchCalls(tenantId: string, search: CallSearch): Search {
  const values = new Values();
  const { cursor, key, order, q, from, to, changedAfter, fields } = search;
  // Every visible call has a number; that it is said lets the index of numbers, which holds no others, be walked.
  const conditions = [`tenant_id = ${values.add(tenantId)}`, `status = 'surfaced'`, 'call_id IS NOT NULL'];
  if (cursor !== undefined) {
    const position = Array.isArray(cursor) ? [new Date(cursor[0]), cursor[1]] : [cursor];
    const bounds = position.map((part) => values.add(part)).join(', ');
    conditions.push(`(${KEYS[key].join(', ')}) ${order === 'asc' ? '>' : '<'} (${bounds})`);
  }
  if (changedAfter !== undefined) conditions.push(`change_seq > ${values.add(changedAfter)}`);
  if (from !== undefined) conditions.push(`started_at >= ${values.add(new Date(from))}`);
  if (to !== undefined) conditions.push(`started_at < ${values.add(new Date(to))}`);
  if (q !== undefined) conditions.push(`search @@ ${wordQuery(q, values)}`);
  conditions.push(...fields.map((field) => conditionOn(field, values)));
  const direction = order === 'asc' ? 'ASC' : 'DESC';
  return {
    conditions: conditions.join(' AND '),
    order: KEYS[key].map((part) => `${part} ${direction}`).join(', '),
    values: values.all,
    hasTwoWays: q !== undefined || fields.some(({ kind, name }) => kind === 'equals' && !COLUMNS.has(name)),
  };
}

/** Walks the index of the order and stops when the page is full: best where many calls fit. */
const walkInOrder = ({ conditions, order, values }: Search, columns: string, rows: number): Statement => ({
  text: `SELECT ${columns} FROM calls WHERE ${conditions} ORDER BY ${order} LIMIT ${rows}`,
  values,
});

/** Gathers the numbers of all calls that fit, by the index of their words or values, and then sorts: best for few. */
const gatherThenSort = ({ conditions, order, values }: Search, columns: string, rows: number): Statement => ({
  text: `WITH fitting AS MATERIALIZED (SELECT call_id, change_seq, started_at FROM calls WHERE ${conditions}),
              page AS (SELECT call_id FROM fitting ORDER BY ${order} LIMIT ${rows})
         SELECT ${columns} FROM calls WHERE tenant_id = $1 AND call_id = ANY (SELECT call_id FROM page)
          ORDER BY ${order}`,
  values,
});

/** Where the cursor of a page points that ends with this call. */
export const positionOf = (
  key: CallSearch['key'],
  call: { readonly callId: number; readonly changeSeq: number; readonly startedAt: Date },
): unknown => (key === 'startedAt' ? [call.startedAt.toISOString(), call.callId] : call[key]);

function wordQuery(q: string, values: Values): string {
  const { web, beginnings } = readWords(q);
  const words = `websearch_to_tsquery('simple', ${values.add(web)})`;
  if (beginnings.length === 0) return words;
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}':*`;
  const terms = beginnings.map(({ text, isExcluded }) => `${isExcluded ? '!' : ''}${quote(text)}`);
  return `(${words} && to_tsquery('simple', ${values.add(terms.join(' & '))}))`;
}

function conditionOn(condition: TypedCondition, values: Values): string {
  const column = COLUMNS.get(condition.name);
  if (condition.kind === 'range') {
    if (column === undefined) return rangeOn(condition, values);
    const collation = column.type === 'text' ? ' COLLATE "C"' : '';
    return `${column.sql}${collation} ${operatorOf(condition)} ${values.add(condition.value)}::${column.type}`;
  }
  if (column !== undefined) return `${column.sql} = ${values.add(condition.values[0])}::${column.type}`;
  // By containment, which the index on `fields` answers.
  const forms = condition.values.map(
    (value) => `fields @> ${values.add(asJson(condition.name, value))}::jsonb`,
  );
  return forms.length === 1 ? forms.join() : `(${forms.join(' OR ')})`;
}

const asJson = (name: string, value: SearchValue): string => JSON.stringify({ [name]: value });

const operatorOf = ({ test }: Range): string => (test === 'gte' ? '>=' : '<');

function rangeOn(range: Range, values: Values): string {
  const { name, as, value } = range;
  const placeholder = values.add(name);
  const field = `fields ->> ${placeholder}`;
  const operator = operatorOf(range);
  const asText = (): string => `(${field}) COLLATE "C" ${operator} ${values.add(value)}`;
  if (as === 'text' || (as === 'either' && !isDecimal(value))) return asText();
  // A constant of the type on the left: any other would be converted again for each row.
  const [bound, inJson] = [`${values.add(value)}::numeric`, `${values.add(value)}::jsonb`];
  // Only CASE promises that no value is cast before it is known to be a number.
  return `CASE WHEN jsonb_typeof(fields -> ${placeholder}) = 'number'
                 THEN (fields -> ${placeholder}) ${operator} ${inJson}
               WHEN ${field} ~ '${NUMBER_SQL}' THEN (${field})::numeric ${operator} ${bound}
               ELSE ${as === 'number' ? 'FALSE' : asText()} END`;
}

/** So many rows are gathered and sorted within the time that a search may take. */
const FEW = 50_000;

/**
 * The statement for pages of a search. Left alone, the planner takes calls that fit to be spread evenly over the order and walks
 * it: a second and more where all of them stand at its other end, as those of a new campaign do. So few calls are
 * gathered first, by the planner's own estimate of how many there are.
 */
export async function planSearch(sql: Sql, search: Search): Promise<PageQuery['statement']> {
  const walk = (select: string, rows: number): Statement => walkInOrder(search, select, rows);
  if (!search.hasTwoWays) return walk;
  const [answer] = await sql.query<{ 'QUERY PLAN': readonly { Plan: { 'Plan Rows': number } }[] }>(
    `EXPLAIN (FORMAT JSON) SELECT FROM calls WHERE ${search.conditions}`,
    search.values,
  );
  const expected = answer?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
  return expected <= FEW ? (select, rows) => gatherThenSort(search, select, rows) : walk;
}
