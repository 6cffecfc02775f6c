import { randomUUID } from 'node:crypto';
import { ED25519 } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODIES } from './bodies.ts';
import { fillPath, listOperations } from './operations.ts';
import {
  type Answer,
  makeCall,
  makeCrmObject,
  makeFile,
  makeMatch,
  startApi,
  type TestApi,
} from './support.ts';

/** HEAD is not in the document: Fastify makes it of every GET, but for the stream of events. */
const operations = (await listOperations())
  .filter(({ path }) => path.includes('{tenantId}'))
  .flatMap((operation) =>
    operation.method === 'GET' && operation.operationId !== 'followEvents'
      ? [operation, { ...operation, method: 'HEAD' }]
      : [operation],
  );

/** What each parameter of a path is in the asker's tenant, in a foreign one, and nowhere. */
type Ids = Record<'mine' | 'foreign' | 'absent', string>;

let api: TestApi;
let keys: Record<'operator' | 'manager' | 'tenant', string>;
const ids: Record<string, Ids> = {};

beforeAll(async () => {
  api = await startApi();
  // One name begins with the other: a wall that compares prefixes would have a hole.
  const tenants = { mine: 'acme', foreign: 'acme2' };
  ids.tenantId = { ...tenants, absent: 'acme3' };
  ids.kind = { mine: 'call', foreign: 'invoices', absent: 'nonsense' };
  ids.type = { mine: 'contacts', foreign: 'invoices', absent: 'nonsense' };
  ids.externalId = { mine: '1', foreign: '2', absent: '3' };
  for (const id of Object.values(tenants)) {
    const settings = { passwordLogin: true };
    const made = await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC', settings } });
    expect(made.status).toBe(201);
  }
  keys = {
    operator: api.operator,
    manager: await api.makeKey('manager', [tenants.mine]),
    tenant: await api.makeKey('tenant', [tenants.mine]),
  };
  const fileOf = (tenantId: string) => makeFile(api.db, tenantId);
  ids.fileId = {
    mine: await fileOf(tenants.mine),
    foreign: await fileOf(tenants.foreign),
    absent: randomUUID(),
  };

  const uploadOf = async (tenantId: string): Promise<string> => {
    const id = randomUUID();
    const headers = { 'content-range': 'bytes 0-0/2', 'content-type': 'application/octet-stream' };
    const line = `PUT /v1/tenants/${tenantId}/uploads/${id}?name=a.wav`;
    expect((await api.ask(line, { body: 'a', headers })).status).toBe(202);
    return id;
  };
  ids.uploadId = {
    mine: await uploadOf(tenants.mine),
    foreign: await uploadOf(tenants.foreign),
    absent: randomUUID(),
  };

  const matchOf = (tenantId: string) => makeMatch(api.db, tenantId);
  ids.matchId = {
    mine: await matchOf(tenants.mine),
    foreign: await matchOf(tenants.foreign),
    absent: randomUUID(),
  };

  const webhookOf = async (tenantId: string): Promise<string> => {
    const body = { url: 'https://8.8.8.8/events' };
    return (await api.ask(`POST /v1/tenants/${tenantId}/webhooks`, { body })).body.id;
  };
  ids.webhookId = {
    mine: await webhookOf(tenants.mine),
    foreign: await webhookOf(tenants.foreign),
    absent: randomUUID(),
  };

  await makeCrmObject(api.db, tenants.mine, { externalId: '1' });
  await makeCrmObject(api.db, tenants.foreign, { externalId: '2' });
  await makeCall(api.db, tenants.mine);
  await makeCall(api.db, tenants.foreign);
  const second = await makeCall(api.db, tenants.foreign);
  ids.callId = { mine: '1', foreign: String(second), absent: '999' };

  const userOf = async (tenantId: string) => {
    const { body } = await api.ask(`POST /v1/tenants/${tenantId}/sftp-users`, {
      body: { publicKey: ED25519 },
    });
    return { username: body.username as string, keyId: body.keys[0].id as string };
  };
  const [mine, foreign] = [await userOf(tenants.mine), await userOf(tenants.foreign)];
  ids.username = { mine: mine.username, foreign: foreign.username, absent: 'nobody' };
  ids.keyId = { mine: mine.keyId, foreign: foreign.keyId, absent: randomUUID() };
});

afterAll(() => api[Symbol.asyncDispose]());

/** An answer without what must differ from one request to the next. */
const comparable = ({ status, headers, text }: Answer) => {
  const kept = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  return { status, headers: kept, text: text.replaceAll(headers.get('x-request-id') ?? '', 'ID') };
};

/** Operations that take no body. */
const BODYLESS = ['replayFile', 'reconcileS3Drop', 'sendFile', 'sendFilePart'];
/** Ids of the sender's choice: an absent one is a new one. */
const CHOSEN = [{ operationId: 'sendFilePart', param: 'uploadId' }];

const cases = operations.flatMap((operation) =>
  operation.params
    .filter(
      (param) => !CHOSEN.some((each) => each.operationId === operation.operationId && each.param === param),
    )
    .flatMap((param) =>
      (param === 'tenantId' ? (['manager', 'tenant'] as const) : (['operator', 'manager'] as const)).map(
        (role) => ({
          ...operation,
          param,
          role,
          title: `${operation.method} ${operation.path}, {${param}}, as ${role}`,
        }),
      ),
    ),
);

describe('case 34: a foreign id and an absent id give the same 404, byte for byte', () => {
  test.each(cases)('$title', async ({ method, path, operationId, params, param, role }) => {
    const ask = (which: keyof Ids): Promise<Answer> => {
      const values = params.map((name) => {
        const known = ids[name];
        if (known === undefined) throw new Error(`add {${name}} to the ids of this test`);
        return [name, known[name === param ? which : 'mine']] as const;
      });
      const body = BODIES[operationId];
      if (
        body === undefined &&
        ['POST', 'PUT', 'PATCH'].includes(method) &&
        !BODYLESS.includes(operationId)
      ) {
        throw new Error(`add a body for ${operationId} to this test`);
      }
      const line = `${method} ${fillPath(path, Object.fromEntries(values))}`;
      return api.ask(line, { key: keys[role], ...(body === undefined ? {} : { body }) });
    };
    const [foreign, absent] = [await ask('foreign'), await ask('absent')];
    expect(foreign.status).toBe(404);
    expect(comparable(foreign)).toEqual(comparable(absent));
  });
});

test('HEAD of the event stream tells nobody whether a tenant exists', async () => {
  const ask = (tenantId: string) => api.ask(`HEAD /v1/tenants/${tenantId}/events`, { key: keys.tenant });
  const foreign = await ask('acme2');
  expect(foreign.status).toBe(405);
  for (const tenantId of ['acme', 'acme3'])
    expect(comparable(await ask(tenantId))).toEqual(comparable(foreign));
});

test.each(['ACME', 'a', '-', 'acme%00', '%2e%2e', 'acme%20', 'x'.repeat(300), '*'])(
  'a tenant id of the wrong shape answers as an absent one: %s',
  async (id) => {
    const wrong = await api.ask(`GET /v1/tenants/${id}`);
    const absent = await api.ask('GET /v1/tenants/acme3');
    expect(comparable(wrong)).toEqual(comparable(absent));
  },
);

test.each(['1.5', '-1', '0', '9007199254740993', 'x', '1e3'])(
  'a call id of the wrong shape answers as an absent one: %s',
  async (id) => {
    const wrong = await api.ask(`GET /v1/tenants/acme/calls/${id}`);
    expect(comparable(wrong)).toEqual(comparable(await api.ask('GET /v1/tenants/acme/calls/999')));
  },
);

test('a clash of user names over tenants does not say whose the other is', async () => {
  const username = ids.username?.foreign ?? '';
  const clash = await api.ask('POST /v1/tenants/acme/sftp-users', { key: keys.manager, body: { username } });
  expect(clash.status).toBe(409);
  expect(clash.body.code).toBe('CONFLICT');
  expect(clash.text).not.toContain('acme2');
});

test('lists hold nothing of another tenant', async () => {
  for (const list of [
    'files',
    'calls',
    'holds',
    'alerts',
    'matches',
    'external-recordings',
    'sftp-users',
    'purges/preview?until=2126-01-01T00:00:00Z',
  ]) {
    const { body, text } = await api.ask(`GET /v1/tenants/acme/${list}`, { key: keys.tenant });
    expect(Array.isArray(body.items), list).toBe(true);
    for (const foreign of [ids.fileId?.foreign, ids.matchId?.foreign, ids.username?.foreign, 'acme2'])
      expect(text).not.toContain(foreign);
  }
  const { body } = await api.ask('GET /v1/tenants', { key: keys.manager });
  expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['acme']);
});
