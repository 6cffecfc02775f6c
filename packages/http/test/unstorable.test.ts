import { randomUUID } from 'node:crypto';
import { encodeCursor } from '@callbay/contracts';
import { ED25519 } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODIES } from './bodies.ts';
import { fillPath, listOperations, type Operation } from './operations.ts';
import { makeCall, makeCrmObject, makeFile, makeMatch, startApi, type TestApi } from './support.ts';

const operations = (await listOperations()).filter(({ access }) => access !== 'public');
const NUL = '\0';

let api: TestApi;
let ids: Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme', timeZone: 'UTC' } });
  const { body } = await api.ask('POST /v1/tenants/acme/sftp-users', { body: { publicKey: ED25519 } });
  await makeCrmObject(api.db, 'acme', { externalId: '1' });
  const webhook = await api.ask('POST /v1/tenants/acme/webhooks', { body: { url: 'https://8.8.8.8/' } });
  ids = {
    tenantId: 'acme',
    kind: 'call',
    type: 'contacts',
    externalId: '1',
    id: randomUUID(),
    fileId: await makeFile(api.db, 'acme'),
    matchId: await makeMatch(api.db, 'acme'),
    webhookId: webhook.body.id,
    uploadId: randomUUID(),
    callId: String(await makeCall(api.db, 'acme')),
    username: body.username,
    keyId: body.keys[0].id,
  };
});

afterAll(() => api[Symbol.asyncDispose]());

const lineOf = ({ method, path }: Operation, query = ''): string =>
  `${method} ${fillPath(path, ids)}${query}`;
const bodyOf = ({ operationId }: Operation) => {
  const body = BODIES[operationId];
  return body === undefined ? {} : { body };
};
const placesOf = (body: { issues?: { at: string | null }[] } | null) => body?.issues?.map(({ at }) => at);

describe('a NUL in a query is refused at its parameter', () => {
  const cases = operations.flatMap((operation) =>
    operation.query.map((name) => ({ ...operation, name, title: `${operation.operationId}, ${name}` })),
  );
  test.each(cases)('$title', async ({ name, ...operation }) => {
    const { status, body, text } = await api.ask(lineOf(operation, `?${name}=a%00b`), bodyOf(operation));
    expect(status, text).toBe(400);
    expect(placesOf(body)).toContain(name);
  });

  test('also in the name and the value of a condition on a field', async () => {
    for (const [query, at] of [
      ['field.a=%00', 'field.a'],
      ['field.a.gte=%00', 'field.a.gte'],
      ['field.a%00=1', null],
    ] as const) {
      const { status, body } = await api.ask(`GET /v1/tenants/acme/calls?${query}`);
      expect([status, placesOf(body)?.includes(at as string)], query).toEqual([400, true]);
    }
  });
});

const at = '2026-03-01T09:30:00.000Z';
const uuid = '00000000-0000-4000-8000-000000000000';

describe('a forged cursor is refused or read, and never causes a 500', () => {
  const lists = operations.filter(({ query }) => query.includes('cursor'));
  const withNul = [
    NUL,
    [NUL, NUL],
    [at, NUL],
    [NUL, uuid],
    ['a', 'a', NUL],
    [NUL, 1],
    { [NUL]: 1 },
    '\ud800',
  ];
  const strange = [
    -1,
    0,
    1.5,
    2 ** 31,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    1e300,
    '',
    'x',
    'x'.repeat(1400),
    null,
    true,
    {},
    [],
    [[]],
    [at, uuid],
    [at, 2 ** 53 - 1],
    [at, -1],
    [at, 'x'],
    ['calls', '', ''],
    ['x', 'x', 'x'],
    ...['0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'].flatMap((edge) => [
      [edge, uuid],
      [edge, 1],
      [edge, 'x'],
      edge,
    ]),
  ];
  test.each(lists.map((operation) => ({ ...operation, title: operation.operationId })))(
    '$title',
    async (operation) => {
      for (const position of withNul) {
        const answer = await api.ask(lineOf(operation, `?cursor=${encodeCursor(position)}`));
        expect([answer.status, placesOf(answer.body)], JSON.stringify(position)).toEqual([400, ['cursor']]);
      }
      for (const position of strange) {
        const answer = await api.ask(lineOf(operation, `?cursor=${encodeCursor(position)}`));
        expect(answer.status, `${JSON.stringify(position)} ${answer.text}`).toBeLessThan(500);
      }
    },
  );
});

test('a cursor in a body is judged as one in a query is', async () => {
  for (const position of [NUL, { seq: 2 ** 53 - 1, [NUL]: 1 }, { seq: 1e300 }, [at, uuid], '']) {
    const body = { code: 'SCHEMA_DRIFT', cursor: encodeCursor(position) };
    const answer = await api.ask('POST /v1/tenants/acme/replays', { body });
    expect([answer.status, placesOf(answer.body)], JSON.stringify(position)).toEqual([400, ['cursor']]);
  }
});

test('a number over the range of its column is refused', async () => {
  const large = 2 ** 53 - 1;
  const answer = await api.ask('POST /v1/tenants/acme/replays', { body: { mappingVersion: large } });
  expect([answer.status, placesOf(answer.body)]).toEqual([400, ['mappingVersion']]);
  const cursor = encodeCursor({ part: 'rows', after: 1, row: large });
  const paged = await api.ask('POST /v1/tenants/acme/replays', { body: { code: 'SCHEMA_DRIFT', cursor } });
  expect([paged.status, placesOf(paged.body)]).toEqual([400, ['cursor']]);
});

test('an instant outside the years 1 to 9999 in UTC is refused', async () => {
  for (const [line, field] of [
    ['POST /v1/api-keys', 'expiresAt'],
    ['POST /v1/tenants/acme/go-live', 'surfaceFrom'],
    ['POST /v1/tenants/acme/replays', 'receivedFrom'],
  ] as const) {
    for (const instant of [
      '9999-12-31T23:59:59-12:00',
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00+12:00',
    ]) {
      const answer = await api.ask(line, { body: { [field]: instant, role: 'operator', label: 'a' } });
      expect([answer.status, placesOf(answer.body)?.includes(field)], `${line} ${instant}`).toEqual([
        400,
        true,
      ]);
    }
  }
  for (const query of ['calls?from=', 'calls?to=', 'purges/preview?until=']) {
    const answer = await api.ask(`GET /v1/tenants/acme/${query}0000-01-01T00:00:00Z`);
    expect(answer.status, query).toBe(400);
  }
});

/** Every copy of a body in which one text, or one name of a field, has a NUL, with the place to be named. */
function* spoiled(value: unknown, at = ''): Generator<{ body: unknown; at: string }> {
  if (typeof value === 'string') yield { body: `${value}${NUL}`, at };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const isList = Array.isArray(value);
    const place = isList ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`;
    for (const inner of spoiled(part, place)) {
      const body = isList ? value.with(Number(key), inner.body) : { ...value, [key]: inner.body };
      yield { body, at: inner.at };
    }
  }
}

describe('a NUL in a body is refused at its field', () => {
  const cases = operations.flatMap((operation) =>
    // A sample is a customer's file: what is wrong in it is part of the answer.
    operation.operationId === 'readSample'
      ? []
      : [...spoiled(BODIES[operation.operationId])].map((spoilt) => ({
          ...operation,
          ...spoilt,
          title: `${operation.operationId}, ${spoilt.at}`,
        })),
  );
  test.each(cases)('$title', async ({ body, at: place, ...operation }) => {
    const answer = await api.ask(lineOf(operation), { body });
    expect(answer.status, answer.text).toBe(400);
    expect(placesOf(answer.body)?.some((found) => found?.startsWith(place))).toBe(true);
  });

  test('where the schema accepts any text, and where the field is unknown', async () => {
    const preview = { mapping: { fields: [] }, sample: { text: `{"a":"${NUL}"}` } };
    const path = '/v1/tenants/acme';
    expect(placesOf((await api.ask(`POST ${path}/mappings/call/preview`, { body: preview })).body)).toEqual([
      'sample.text',
    ]);
    const unknown = await api.ask(`PATCH ${path}`, { body: { shade: { deep: [NUL] } } });
    expect(placesOf(unknown.body)).toEqual(['shade', 'shade.deep[0]']);
    const named = { source: 'zoom', id: 'a', fields: { [NUL]: 1 } };
    expect((await api.ask(`POST ${path}/external-recordings`, { body: named })).status).toBe(400);
  });

  test('a body of 400,000 nested arrays is refused within seconds', async () => {
    const deep = `${'['.repeat(400_000)}"\\u0000"${']'.repeat(400_000)}`;
    const startedAt = performance.now();
    const answer = await api.ask('PATCH /v1/tenants/acme', { body: deep });
    expect(answer.status).toBe(400);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a NUL in a path answers as an absent id does', () => {
  const cases = operations.flatMap((operation) =>
    operation.params.map((name) => ({ ...operation, name, title: `${operation.operationId}, ${name}` })),
  );
  test.each(cases)('$title', async ({ name, ...operation }) => {
    const path = fillPath(operation.path, { ...ids, [name]: `a${NUL}` });
    expect((await api.ask(`${operation.method} ${path}`, bodyOf(operation))).status).toBe(404);
  });
});
