import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arraysOf, type Columns, rowsSql } from '../src/database/bulk-rows.ts';
import { JsonTexts } from '../src/database/json-texts.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const COLUMNS = {
  nth: 'int4',
  is_so: 'boolean',
  seconds: 'float8',
  seq: 'int8',
  kept: 'json',
  parsed: 'jsonb',
  name: 'text',
  at: 'timestamptz',
  id: 'uuid',
} as const satisfies Columns;

const ID = '0192f0c1-2b3c-7d4e-8f5a-6b7c8d9eAfBf';

test('values of every type reach the database as they are, empty ones and extremes among them', async () => {
  const rows = [
    {
      nth: 0,
      is_so: true,
      seconds: 3.25,
      seq: 1,
      kept: '{"a": 1}',
      parsed: '{"a": 1}',
      name: 'a',
      at: 0,
      id: ID,
    },
    { nth: -1, is_so: false, seconds: -1e300, seq: -1, kept: '[]', parsed: '[]', name: '', at: -1, id: ID },
    {
      nth: 2 ** 31 - 1,
      seconds: Number.MAX_SAFE_INTEGER,
      seq: Number.MAX_SAFE_INTEGER,
      kept: '"\\u0000"',
      parsed: '"ö 🎧"',
      name: `"{}',\\ NULL ö 🎧 ${'x'.repeat(100_000)}`,
      at: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
    },
    { nth: -(2 ** 31), name: 'NULL', seq: -Number.MAX_SAFE_INTEGER, at: Date.UTC(1, 0, 1) },
  ];
  const read = await database.db.query<Record<string, unknown>>(
    `SELECT nth, is_so, seconds, seq, kept::text, parsed, name, id,
            (extract(epoch FROM at::timestamptz(3)) * 1000)::float8 AS at FROM (${rowsSql(COLUMNS, 1)}) n`,
    arraysOf(COLUMNS, rows),
  );
  const nothing = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, null]));
  expect(read).toEqual(
    rows.map((row) => ({
      ...nothing,
      ...row,
      ...('parsed' in row ? { parsed: JSON.parse(row.parsed!) } : {}),
      ...('id' in row ? { id: ID.toLowerCase() } : {}),
    })),
  );
});

test('a column without any value is null in every row, and rows keep their order', async () => {
  const rows = Array.from({ length: 5_000 }, (_, nth) => ({ nth }));
  const read = await database.db.query(
    `SELECT nth, name, parsed FROM (${rowsSql(COLUMNS, 2)}) n WHERE $1 = 1`,
    [1, ...arraysOf(COLUMNS, rows)],
  );
  expect(read).toEqual(rows.map(({ nth }) => ({ nth, name: null, parsed: null })));
});

test('no rows are no rows', async () => {
  expect(await database.db.query(rowsSql(COLUMNS, 1), arraysOf(COLUMNS, []))).toEqual([]);
});

test('what does not fit its column is an error, never another value', () => {
  expect(() => arraysOf({ id: 'uuid' }, [{ id: 'not-a-uuid' }])).toThrow(TypeError);
  expect(() => arraysOf({ nth: 'int4' }, [{ nth: 2 ** 31 }])).toThrow(RangeError);
  expect(() => arraysOf({ seq: 'int8' }, [{ seq: 2 ** 63 }])).toThrow(RangeError);
});

test('the text of one value is made once', () => {
  let made = 0;
  const value = { toJSON: () => `made ${++made}` };
  const texts = new JsonTexts();
  expect([texts.of(value), texts.of(value), texts.of(null), texts.of('a"')]).toEqual([
    '"made 1"',
    '"made 1"',
    'null',
    '"a\\""',
  ]);
});
