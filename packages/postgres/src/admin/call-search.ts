import type { CallListQuery, FieldCondition } from '@callbay/contracts';

/** A statement's text and values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Collects values and answers their placeholders. */
class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}

const NUMBER = /^-?\d{1,30}(\.\d{1,30})?$/;
const NUMBER_SQL = String.raw`^-?\d{1,30}(\.\d{1,30})?$`;

/** The search of surfaced calls as one statement, `limit + 1` rows, ordered by what its cursor is. */
export function searchCalls(tenantId: string, query: CallListQuery, columns: string): Statement {
  const values = new Values();
  const { limit, cursor, order, q, from, to, changedAfter, fields } = query;
  const key = changedAfter === undefined ? 'call_id' : 'change_seq';
  const conditions = [`tenant_id = ${values.add(tenantId)}`, `status = 'surfaced'`];
  if (cursor !== undefined) conditions.push(`${key} ${order === 'asc' ? '>' : '<'} ${values.add(cursor)}`);
  if (changedAfter !== undefined) conditions.push(`change_seq > ${values.add(changedAfter)}`);
  if (from !== undefined) conditions.push(`started_at >= ${values.add(new Date(from))}`);
  if (to !== undefined) conditions.push(`started_at < ${values.add(new Date(to))}`);
  if (q !== undefined) {
    conditions.push(`to_tsvector('simple', search_text) @@ websearch_to_tsquery('simple', ${values.add(q)})`);
  }
  conditions.push(...fields.map((field) => conditionOn(field, values)));
  const text = `SELECT ${columns} FROM calls WHERE ${conditions.join(' AND ')}
    ORDER BY ${key} ${order === 'asc' ? 'ASC' : 'DESC'} LIMIT ${values.add(limit + 1)}`;
  return { text, values: values.all };
}

function conditionOn({ name, test, value }: FieldCondition, values: Values): string {
  if (test === 'equals') return equals(name, value, values);
  const operator = test === 'gte' ? '>=' : '<';
  const field = `fields ->> ${values.add(name)}`;
  const asText = `(${field}) COLLATE "C" ${operator} ${values.add(value)}`;
  if (!NUMBER.test(value)) return asText;
  // Only CASE promises that no value is cast before it is known to be a number.
  return `CASE WHEN ${field} ~ '${NUMBER_SQL}' THEN (${field})::numeric ${operator} ${values.add(value)}::numeric
               ELSE ${asText} END`;
}

/** Each form the value may have in JSON, by containment, which the index on `fields` answers. */
function equals(name: string, value: string, values: Values): string {
  const forms = [JSON.stringify({ [name]: value })];
  if (NUMBER.test(value)) forms.push(`{${JSON.stringify(name)}:${withoutLeadingZeros(value)}}`);
  if (value === 'true' || value === 'false') forms.push(JSON.stringify({ [name]: value === 'true' }));
  return `(${forms.map((form) => `fields @> ${values.add(form)}::jsonb`).join(' OR ')})`;
}

/** JSON knows no `007`; as a number it is 7. */
const withoutLeadingZeros = (number: string): string => number.replace(/^(-?)0+(?=\d)/, '$1');
