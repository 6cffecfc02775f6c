import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

const FIELDS = [
  { source: 'when', target: 'startedAt', type: 'instant', formats: ['MM-dd-yyyy h:mm:ss a'], required: true },
  { source: 'agent', target: 'user', type: 'id', required: true },
];

async function newPath(): Promise<{ id: string; path: string }> {
  const id = `mapped-${++count}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC' } });
  return { id, path: `/v1/tenants/${id}/mappings/call` };
}

const put = (path: string, ifMatch?: string, fields: unknown = FIELDS) =>
  api.ask(`PUT ${path}`, { body: { fields }, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });

test('a published mapping is the next version, and the policy reads by it', async () => {
  const { id, path } = await newPath();
  const published = await put(path, '"1"');
  expect(published.status).toBe(200);
  expect(published.headers.get('etag')).toBe('"2"');
  expect(published.body).toMatchObject({ kind: 'call', version: 2, fields: FIELDS, options: {} });
  const { warnings: _, ...stored } = published.body;
  expect((await api.ask(`GET ${path}`)).body).toEqual(stored);
  const rows = await api.db.query<{ policy: unknown }>(
    'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version',
    [id],
  );
  expect(rows[1]?.policy).toMatchObject({
    version: 2,
    timeZone: 'UTC',
    mappingVersion: 2,
    mapping: { fields: FIELDS, options: {} },
  });
});

describe('If-Match', () => {
  test.each(['"1"', '1', 'W/"1"', '*', undefined])(
    'the newest version, as %s, is accepted',
    async (ifMatch) => {
      const { path } = await newPath();
      expect((await put(path, ifMatch)).status).toBe(200);
    },
  );

  test.each(['"0"', '"2"', '7'])('another version, %s, is refused and changes nothing', async (ifMatch) => {
    const { path } = await newPath();
    const { status, body } = await put(path, ifMatch);
    expect([status, body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await api.ask(`GET ${path}`)).body.version).toBe(1);
  });

  test('what is no version is refused', async () => {
    const { path } = await newPath();
    expect((await put(path, '"one"')).body.issues).toMatchObject([{ at: 'if-match' }]);
  });

  test('of two that read the same version, one is told that the other was first', async () => {
    const { path } = await newPath();
    const answers = await Promise.all([put(path, '"1"'), put(path, '"1"')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

test('all that is wrong with a mapping is told at its place, and nothing is published', async () => {
  const { path } = await newPath();
  const { status, body } = await put(path, undefined, [
    { source: 'when', target: 'startedAt', type: 'string' },
    { source: 'day', target: 'day', type: 'instant', formats: ['QQQQ'] },
    { source: 'ok', target: 'ok', type: 'string' },
  ]);
  expect(status).toBe(400);
  const places = body.issues.map(({ at }: { at: string }) => at);
  expect(places.some((at: string) => at.startsWith('fields[0]'))).toBe(true);
  expect(places.some((at: string) => at.startsWith('fields[1]'))).toBe(true);
  expect(places.some((at: string) => at.startsWith('fields[2]'))).toBe(false);
  expect((await api.ask(`GET ${path}`)).body.version).toBe(1);
});

test('an unknown member of a field is refused by its path', async () => {
  const { path } = await newPath();
  const { body } = await put(path, undefined, [{ source: 'a', target: 'b', type: 'string', colour: 'red' }]);
  expect(body.issues).toMatchObject([{ code: 'UNKNOWN_FIELD', at: 'fields[0].colour' }]);
});

test('versions are listed newest first', async () => {
  const { path } = await newPath();
  await put(path);
  await put(path);
  const first = await api.ask(`GET ${path}/versions?limit=2`);
  const rest = await api.ask(`GET ${path}/versions?limit=2&cursor=${first.body.nextCursor}`);
  const versions = [first, rest].flatMap(({ body }) =>
    body.items.map(({ version }: { version: number }) => version),
  );
  expect(versions).toEqual([3, 2, 1]);
  expect(rest.body.nextCursor).toBeNull();
});

test('a roll back publishes an earlier version again, and open calls are read by it', async () => {
  const { id, path } = await newPath();
  await put(path);
  await put(path, undefined, [{ source: 'x', target: 'user', type: 'id' }]);
  const back = await api.ask(`POST ${path}/rollback`, { body: { version: 2 } });
  expect(back).toMatchObject({ status: 200, body: { version: 4, fields: FIELDS } });
  const [policy] = await api.db.query<{ policy: unknown }>(
    'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1',
    [id],
  );
  expect(policy?.policy).toMatchObject({ mappingVersion: 4, mapping: { fields: FIELDS } });
  expect((await api.ask(`POST ${path}/rollback`, { body: { version: 9 } })).status).toBe(404);
  const late = await api.ask(`POST ${path}/rollback`, {
    body: { version: 1 },
    headers: { 'if-match': '"2"' },
  });
  expect(late.status).toBe(412);
});

test('what is odd about a published mapping is answered as warnings', async () => {
  const { path } = await newPath();
  const codesOf = async (fields: unknown) =>
    (await put(path, undefined, fields)).body.warnings.map(({ code, at }: { code: string; at: string }) => [
      code,
      at,
    ]);
  expect(await codesOf([])).toEqual([['MAPPING_EMPTY', 'fields']]);
  const user = { source: 'a', target: 'user', type: 'id' };
  expect(
    await codesOf([
      user,
      { source: 'b', target: 'started_at', type: 'instant' },
      { source: 'c', target: 'direction', type: 'enum', aliases: { up: 'upwards', in: 'inbound' } },
    ]),
  ).toEqual([
    ['TARGET_NOT_MAPPED', 'fields'],
    ['TARGET_UNKNOWN', 'fields[1].target'],
    ['DIRECTION_UNKNOWN', 'fields[2].aliases.up'],
  ]);
});

test('a mapping of alternatives, joins, constants and rules comes back as it was published', async () => {
  const { path } = await newPath();
  const body = {
    fields: [
      {
        source: { join: ['Date', 'Time'] },
        target: 'startedAt',
        type: 'instant',
        formats: ['M/d/yyyy h:mm a'],
      },
      { source: ['Agent', { constant: 'pool' }], target: 'user', type: 'id' },
      { source: 'ms', target: 'durationSeconds', type: 'duration', durationUnit: 'ms' },
    ],
    options: { ignore: [{ source: 'Result', equals: ['Missed'] }], records: 'calls', nested: 'keep' },
  };
  const published = await api.ask(`PUT ${path}`, { body });
  expect(published).toMatchObject({ status: 200, body });
  expect((await api.ask(`GET ${path}`)).body).toMatchObject(body);
});
