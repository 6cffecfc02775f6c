import { EXPORT_COLUMNS, MAX_CELL_LENGTH, makeFormulasInert } from '@callbay/core';
import { createApiStores } from '@callbay/postgres';
import { parquetReadObjects } from 'hyparquet';
import Papa from 'papaparse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  await api.ask('POST /v1/tenants', { body: { id: 'other', name: 'Other' } });
  key = await api.makeKey('tenant', ['acme']);
  for (let n = 1; n <= 25; n += 1) {
    await makeCall(api.db, 'acme', {
      startedAt: `2026-03-01T09:${String(n).padStart(2, '0')}:00.000Z`,
      fields: {
        contactPhone: `+1469430${1000 + n}`,
        'queue.name': n % 2 === 0 ? 'Members' : 'Sales',
        score: n % 5 === 0 ? null : 100 - n,
        notes: NOTES[n % NOTES.length]!,
        tags: 'A|B',
        callCenterCallId: '20444036749123456789',
        language: 'en',
      },
    });
  }
  await makeCall(api.db, 'other', { fields: { notes: 'of another tenant' } });
});
afterAll(() => api[Symbol.asyncDispose]());

const NOTES = [
  'two\nlines',
  'a "quoted" word, and a comma',
  '=SUM(A1)',
  '-5.5',
  '+14694519385',
  '@cmd',
  'U+2028\u2028here',
  ',"=1',
  'x,',
];

const ask = (query: string, headers: Record<string, string> = {}) =>
  api.ask(`GET /v1/sa/call?${query}`, { key, headers: { 'accept-encoding': 'identity', ...headers } });

type Row = Record<string, string>;
const readCsv = (text: string): Row[] => {
  const { data, errors } = Papa.parse<Row>(text.trimEnd(), { header: true });
  expect(errors).toEqual([]);
  return data;
};
const idsOf = (rows: readonly { callId?: unknown }[]): number[] => rows.map(({ callId }) => Number(callId));

/** Nested members by dotted names, as pandas names them. */
const flatten = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([inner, leaf]) => [`${name}.${inner}`, leaf])
        : [[name, value]],
    ),
  );

test('the recipe of weekly scripts reads every call once, and finds nothing in a second run', async () => {
  const run = async (after: number): Promise<number[]> => {
    const seen: number[] = [];
    for (let page = 1; ; page += 1) {
      const { text, headers } = await ask(
        `format=csv&per_page=10&page=${page}&afterCallId=${after}&consecutive=true&fromTime=2020-01-01T00:00:00Z&toTime=2525-01-01T00:00:00Z`,
      );
      expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(text.startsWith('accountId,contextId,callId,startTime,')).toBe(true);
      const rows = readCsv(text);
      if (text.split('\n').length <= 2) return seen;
      seen.push(...idsOf(rows));
    }
  };
  expect(await run(0)).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
  expect(await run(25)).toEqual([]);
});

test('CSV, JSON and NDJSON say the same of every call', async () => {
  const csv = readCsv((await ask('format=csv&per_page=100&formulas=keep')).text);
  const json = (await ask('per_page=100')).body as Record<string, unknown>[];
  const lines = (await ask('format=ndjson&per_page=100')).text.trimEnd().split('\n');
  expect(json).toHaveLength(25);
  expect(lines.map((line) => JSON.parse(line))).toEqual(json);
  const names = EXPORT_COLUMNS.map(({ name }) => name);
  expect(Object.keys(csv[0]!)).toEqual([...names, 'truncated']);
  expect(Object.keys(flatten(json[0]!)).sort()).toEqual([...names].sort());
  for (const [n, call] of json.map(flatten).entries()) {
    const cells = Object.fromEntries(
      names.map((name) => [name, call[name] === null ? '' : String(call[name])]),
    );
    expect({ ...csv[n], truncated: '' }).toEqual({ ...cells, truncated: '' });
  }
  expect(json[1]).toMatchObject({
    contextId: 'acme',
    callId: 2,
    startTime: '2026-03-01T09:02:00.000Z',
    endTime: null,
    externalEndpoint: '+14694301002',
    agent: { id: 'joe', email: null },
    queue: { id: null, name: 'Members' },
    callCenterCallId: '20444036749123456789',
    progressPhase: 'DONE',
    version: 2,
    revision: 1,
    changeSeq: 2,
  });
});

const readParquet = async (query: string, bearer = key): Promise<Record<string, unknown>[]> => {
  const response = await fetch(`${api.url}/v1/sa/call?format=parquet&${query}`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet');
  return parquetReadObjects({ file: await response.arrayBuffer() });
};

test('Parquet says the same as CSV, with times and numbers of ours by their types', async () => {
  const csv = readCsv((await ask('format=csv&per_page=100&formulas=keep')).text);
  const rows = await readParquet('per_page=100');
  expect(rows).toHaveLength(25);
  const asText = (value: unknown): string =>
    value === null ? '' : value instanceof Date ? value.toISOString() : String(value);
  const texts = rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, asText(v)])));
  expect(texts).toEqual(csv.map(({ truncated: _, ...row }) => row));
  expect(rows[1]).toMatchObject({
    callId: 2n,
    startTime: new Date('2026-03-01T09:02:00.000Z'),
    endTime: null,
    callCenterCallId: '20444036749123456789',
  });
  expect(await readParquet('afterCallId=1000')).toEqual([]);
});

test('case 77: what a spreadsheet would calculate is made inert, E.164 numbers and decimals are not', async () => {
  const notes = readCsv((await ask('format=csv&per_page=9&columns=notes')).text).map((row) => row.notes);
  const inert = (text: string): string => (['=', '@'].includes(text[0]!) ? `'${text}` : text);
  expect(notes).toEqual(Array.from({ length: 9 }, (_, n) => inert(NOTES[(n + 1) % NOTES.length]!)));
  expect(makeFormulasInert('1,"=1","a,","-x"\n"+1 2",-5,"-5"\n')).toBe(
    `1,"'=1","a,","'-x"\n"'+1 2",-5,"-5"\n`,
  );
});

test('every text cell is quoted, so that no line separator of Unicode ends a row', async () => {
  const { text } = await ask('format=csv&columns=callId,language,notes,duration&per_page=1');
  expect(text.split('\n')[1]).toMatch(/^1,"en","a ""quoted"" word, and a comma",,$/);
});

test('a cell that is too long for spreadsheets is cut and named; JSON has it whole', async () => {
  const long = 'x'.repeat(MAX_CELL_LENGTH + 1);
  const callId = await makeCall(api.db, 'other', { fields: { notes: long, topics: 'short' } });
  const own = await api.makeKey('tenant', ['other']);
  const line = (format: string) => `GET /v1/sa/call?format=${format}&afterCallId=${callId - 1}`;
  const [row] = readCsv((await api.ask(line('csv'), { key: own })).text);
  expect([row!.notes!.length, row!.topics, row!.truncated]).toEqual([MAX_CELL_LENGTH, 'short', 'notes']);
  const { body } = await api.ask(line('json'), { key: own });
  expect(body[0].notes).toHaveLength(MAX_CELL_LENGTH + 1);
});

describe('what is asked for', () => {
  test.each([
    ['fromTime=2026-03-01T09:05:00Z&toTime=2026-03-01T09:07:00Z', [5, 6, 7]],
    ['fromTime=2026-03-01T10:24:00+01:00', [24, 25]],
    ['fromTime=2026-03-01T10:24:00%2B01:00', [24, 25]],
    ['queueId=nobody', []],
    ['agentId=joe&agentId=jim&afterCallId=23', [24, 25]],
    ['agentId=jim', []],
    ['sort_by=time&sort_dir=desc&per_page=2', [25, 24]],
    ['sort_by=score&sort_dir=asc&per_page=3', [24, 23, 22]],
    ['sort_by=score&sort_by=documentId&sort_dir=desc&sort_dir=desc&per_page=2&page=2', [3, 4]],
    ['changedAfter=23', [24, 25]],
    ['page=3&per_page=10', [21, 22, 23, 24, 25]],
    ['page=4&per_page=10', []],
  ])('%s', async (query, expected) => {
    const { body, status, text } = await ask(query);
    expect(status, text).toBe(200);
    expect(idsOf(body)).toEqual(expected);
  });

  test('nothing found is an empty page, not an error', async () => {
    expect((await ask('afterCallId=999')).body).toEqual([]);
    expect((await ask('afterCallId=999&format=ndjson')).text).toBe('');
    const csv = (await ask('afterCallId=999&format=csv')).text;
    expect(csv.split('\n')).toHaveLength(2);
  });
});

test.each([
  ['format=xml', 'format'],
  ['format=json&format=csv', 'format'],
  ['nonsense=1', 'nonsense'],
  ['per_page=0', 'per_page'],
  ['per_page=10001', 'per_page'],
  ['page=0', 'page'],
  ['afterCallId=-1', 'afterCallId'],
  ['afterCallId=12abc', 'afterCallId'],
  ['consecutive=true&sort_by=time', 'sort_by'],
  ['consecutive=true&sort_dir=asc', 'sort_dir'],
  ['consecutive=yes', 'consecutive'],
  ['sort_by=time&sort_dir=asc&sort_dir=desc', 'sort_dir'],
  ['sort_by=name', 'sort_by'],
  ['fromTime=yesterday', 'fromTime'],
  ['fromTime=2026-03-02T00:00:00Z&toTime=2026-03-01T00:00:00Z', 'toTime'],
  ['columns=callId,colour', 'columns'],
  ['includeDeleted=true', 'includeDeleted'],
  ['changedAfter=1&sort_by=time', 'sort_by'],
  ['agentId=a%00b', 'agentId'],
])('%s is refused by name', async (query, parameter) => {
  const { status, body } = await ask(query);
  expect(status).toBe(400);
  expect(body.issues.map(({ at }: { at: string }) => at.split(/[.[]/)[0])).toContain(parameter);
});

test('a deletion is told to who follows changes, in their order and in every format', async () => {
  const own = await api.makeKey('tenant', ['other']);
  await api.db.execute(
    `UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = 'other' AND name = 'change'`,
  );
  await api.db.execute(
    `INSERT INTO deleted_calls (tenant_id, key_digest, call_id, deleted_at, reason, policy, change_seq)
     SELECT 'other', 'digest', 777, callbay_now(), 'NOT_EVALUATED_EXPIRED', '{}', value
       FROM tenant_counters WHERE tenant_id = 'other' AND name = 'change'`,
  );
  const last = await makeCall(api.db, 'other', {});
  const query = 'changedAfter=2&includeDeleted=true';
  const json = await api.ask(`GET /v1/sa/call?${query}`, { key: own });
  expect(json.body).toEqual([
    { callId: 777, changeSeq: 3, deleted: true },
    expect.objectContaining({ callId: last, changeSeq: 4 }),
  ]);
  const csv = await api.ask(`GET /v1/sa/call?${query}&format=csv&columns=callId,changeSeq`, { key: own });
  expect(csv.text).toBe(`callId,changeSeq,truncated,deleted\n777,3,,"true"\n${last},4,,\n`);
  expect(await readParquet(`${query}&columns=callId,changeSeq,startTime`, own)).toEqual([
    { callId: 777n, changeSeq: 3n, startTime: null, deleted: true },
    { callId: BigInt(last), changeSeq: 4n, startTime: expect.any(Date), deleted: false },
  ]);
  expect(idsOf((await api.ask('GET /v1/sa/call?changedAfter=2', { key: own })).body)).toEqual([last]);
});

test('calls that are deleted between two pages make none be passed over', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'pages', name: 'Pages' } });
  const own = await api.makeKey('tenant', ['pages']);
  for (let n = 0; n < 6; n += 1) await makeCall(api.db, 'pages', {});
  const page = async (n: number) =>
    idsOf((await api.ask(`GET /v1/sa/call?consecutive=true&per_page=2&page=${n}`, { key: own })).body);
  expect(await page(1)).toEqual([1, 2]);
  await api.db.execute(`DELETE FROM calls WHERE tenant_id = 'pages' AND call_id IN (1, 2)`);
  expect(await page(2)).toEqual([3, 4]);
  expect(await page(3)).toEqual([5, 6]);
});

test('a page names the next one by position', async () => {
  const { headers } = await ask('per_page=10&format=csv&page=1&consecutive=true');
  const next = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
  expect(next).toBe('/v1/sa/call?per_page=10&format=csv&consecutive=true&afterCallId=10');
  const { body } = await api.ask(`GET ${next!.replace('csv', 'json')}`, { key });
  expect(idsOf(body)[0]).toBe(11);
  expect((await ask('per_page=100')).headers.get('link')).toBeNull();
});

test('an answer is the same until a call changes', async () => {
  const first = await ask('per_page=5');
  const etag = first.headers.get('etag')!;
  expect(etag).toMatch(/^W\//);
  expect((await ask('per_page=5', { 'if-none-match': etag })).status).toBe(304);
  expect((await ask('per_page=6', { 'if-none-match': etag })).status).toBe(200);
  await api.ask('PATCH /v1/tenants/acme/calls/7', { body: { evaluated: true } });
  expect((await ask('per_page=5', { 'if-none-match': etag })).status).toBe(200);
  expect(idsOf((await ask('changedAfter=25')).body)).toEqual([7]);
});

test('gzip is used for who takes it', async () => {
  const plain = await ask('format=csv');
  const response = await fetch(`${api.url}/v1/sa/call?format=csv`, {
    headers: { authorization: `Bearer ${key}`, 'accept-encoding': 'gzip' },
  });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  // fetch has unpacked it already.
  expect(await response.text()).toBe(plain.text);
  expect(plain.headers.get('content-encoding')).toBeNull();
});

test('who is bound to several tenants names one, and a foreign one is as an absent one', async () => {
  const manager = await api.makeKey('manager', ['acme', 'other']);
  const both = await api.ask('GET /v1/sa/call', { key: manager });
  expect([both.status, both.body.issues[0].at]).toEqual([400, 'contextId']);
  expect((await api.ask('GET /v1/sa/call?contextId=acme', { key: manager })).status).toBe(200);
  const foreign = await ask('contextId=other');
  const absent = await ask('contextId=nobody');
  expect([foreign.status, absent.status]).toEqual([404, 404]);
  expect(foreign.body.detail).toBe(absent.body.detail);
  const operator = await api.ask('GET /v1/sa/call?contextId=nobody');
  expect(operator.status).toBe(404);
  expect((await api.ask('GET /v1/sa/call', { key: null })).status).toBe(401);
});

test('a failure on the way cuts the answer, packed or not', async () => {
  const stores = createApiStores(api.db, { seal: (text) => text, unseal: (sealed) => sealed });
  const exports = { ...stores.exports, readCsv: () => Promise.reject(new Error('the database went away')) };
  await using broken = await startApi({
    deps: { exports: { ...exports, findPage: async () => PAGE, lastChange: async () => 1 } },
  });
  await broken.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  for (const encoding of ['identity', 'gzip']) {
    const whole = (async () => {
      const response = await fetch(`${broken.url}/v1/sa/call?format=csv&contextId=acme`, {
        headers: { authorization: `Bearer ${broken.operator}`, 'accept-encoding': encoding },
      });
      return response.text();
    })();
    await expect(whole, encoding).rejects.toThrow();
  }
});

const PAGE = [{ callId: 1, changeSeq: 1, bytes: 10, isDeleted: false }];

test('calls that surface and change while a client walks are each read once, in order, and their changes found after', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'busy', name: 'Busy' } });
  const own = await api.makeKey('tenant', ['busy']);
  const made: number[] = [];
  let writing = 5;
  const write = async (): Promise<void> => {
    for (let n = 0; n < 20; n += 1) {
      const callId = await makeCall(api.db, 'busy', {});
      made.push(callId);
      if (n % 3 === 0) await api.ask(`PATCH /v1/tenants/busy/calls/${callId}`, { body: { evaluated: true } });
    }
    writing -= 1;
  };
  const writers = Promise.all(Array.from({ length: 5 }, write));
  const read: number[] = [];
  for (let page = 1, isOver = false; !isOver; ) {
    // What is complete before the question is complete in its answer.
    const wasOver = writing === 0;
    const { body } = await api.ask(`GET /v1/sa/call?consecutive=true&per_page=7&page=${page}`, { key: own });
    read.push(...idsOf(body));
    // A page that is not full yet is asked for again from where it ended, as the next run of a script does.
    if (body.length === 7) page += 1;
    else {
      read.splice(read.length - body.length);
      isOver = wasOver;
      if (isOver) read.push(...idsOf(body));
    }
  }
  await writers;
  expect(read).toEqual(made.sort((a, b) => a - b));

  const changes: { callId: number; changeSeq: number }[] = [];
  for (let after = 0; ; after = changes.at(-1)!.changeSeq) {
    const { body } = await api.ask(`GET /v1/sa/call?changedAfter=${after}&per_page=9`, { key: own });
    if (body.length === 0) break;
    changes.push(...body);
  }
  expect(changes.map(({ callId }) => callId).sort((a, b) => a - b)).toEqual(read);
  expect(changes.map(({ changeSeq }) => changeSeq)).toEqual(
    changes.map(({ changeSeq }) => changeSeq).sort((a, b) => a - b),
  );
});
