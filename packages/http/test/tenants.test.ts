import { DEFAULT_SETTINGS } from '@callbay/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, makeFile, startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(body: Record<string, unknown> = {}): Promise<string> {
  const id = `tenant-${++count}`;
  const made = await api.ask('POST /v1/tenants', { body: { id, name: id, ...body } });
  expect(made.status, made.text).toBe(201);
  return id;
}

const policies = (tenantId: string) =>
  api.db.query<{ policy: { version: number; timeZone: string | null; settings: Record<string, unknown> } }>(
    'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version',
    [tenantId],
  );

const makeHeldCall = (tenantId: string, callKey: string) =>
  api.db.execute(`INSERT INTO calls (tenant_id, call_key, status) VALUES ($1, $2, 'held')`, [
    tenantId,
    callKey,
  ]);

const isDue = async (tenantId: string, callKey: string): Promise<boolean> => {
  const rows = await api.db.query(
    'SELECT FROM calls WHERE tenant_id = $1 AND call_key = $2 AND due_at IS NOT NULL',
    [tenantId, callKey],
  );
  return rows.length === 1;
};

const actionsOf = async (tenantId: string): Promise<string[]> => {
  const { body } = await api.ask(`GET /v1/audit?tenantId=${tenantId}`);
  return body.items.map(({ action }: { action: string }) => action);
};

test('a new tenant is in set-up, with the default settings, no zone, and a mapping to start with', async () => {
  const id = await newTenant();
  const { body } = await api.ask(`GET /v1/tenants/${id}`);
  expect(body).toMatchObject({ id, name: id, timeZone: null, stage: 'setup', settings: DEFAULT_SETTINGS });
  const mapping = await api.ask(`GET /v1/tenants/${id}/mappings/call`);
  expect(mapping.body).toMatchObject({ kind: 'call', version: 1 });
  expect(mapping.body.fields.map(({ target }: { target: string }) => target)).toContain('startedAt');
  expect(await actionsOf(id)).toEqual(['tenant.create']);
});

test('an id that is taken is a conflict, and the refusal leaves no audit row', async () => {
  const id = await newTenant();
  const again = await api.ask('POST /v1/tenants', { body: { id, name: 'Other' } });
  expect([again.status, again.body.code]).toEqual([409, 'CONFLICT']);
  expect(await actionsOf(id)).toEqual(['tenant.create']);
});

describe('a live tenant has a time zone', () => {
  test('when it is made', async () => {
    const body = { id: 'live-one', name: 'Live', stage: 'live' };
    const refused = await api.ask('POST /v1/tenants', { body });
    expect([refused.status, refused.body.code]).toEqual([422, 'TIME_ZONE_REQUIRED']);
    expect((await api.ask('GET /v1/tenants/live-one')).status).toBe(404);
    const made = await api.ask('POST /v1/tenants', { body: { ...body, timeZone: 'Europe/Berlin' } });
    expect(made.body).toMatchObject({ stage: 'live', timeZone: 'Europe/Berlin' });
  });

  test('when it goes live', async () => {
    const id = await newTenant();
    const refused = await api.ask(`POST /v1/tenants/${id}/go-live`);
    expect([refused.status, refused.body.code]).toEqual([422, 'TIME_ZONE_REQUIRED']);
  });

  test('when its stage or zone is changed', async () => {
    const id = await newTenant();
    const stage = await api.ask(`PATCH /v1/tenants/${id}`, { body: { stage: 'live' } });
    expect([stage.status, stage.body.code]).toEqual([422, 'TIME_ZONE_REQUIRED']);
    const both = await api.ask(`PATCH /v1/tenants/${id}`, { body: { stage: 'live', timeZone: 'UTC' } });
    expect(both.status).toBe(200);
    const zone = await api.ask(`PATCH /v1/tenants/${id}`, { body: { timeZone: null } });
    expect([zone.status, zone.body.code]).toEqual([422, 'TIME_ZONE_REQUIRED']);
  });
});

test('case 35: going live sets where surfacing begins and makes what waits due', async () => {
  const id = await newTenant({ timeZone: 'UTC', stage: 'verification' });
  await makeHeldCall(id, 'stem:waiting');
  const body = { surfaceFrom: '2026-03-01T10:00:00+01:00' };
  const live = await api.ask(`POST /v1/tenants/${id}/go-live`, { body });
  expect(live.body).toMatchObject({ stage: 'live', surfaceFrom: '2026-03-01T09:00:00.000Z' });
  expect(await isDue(id, 'stem:waiting')).toBe(true);
  const again = await api.ask(`POST /v1/tenants/${id}/go-live`);
  expect(again.body.surfaceFrom).toBe('2026-03-01T09:00:00.000Z');
  expect(
    (await api.ask(`POST /v1/tenants/${id}/go-live`, { body: { surfaceFrom: null } })).body.surfaceFrom,
  ).toBeNull();
});

test('a change of settings is merged, publishes a policy, wakes open calls and tells who did it', async () => {
  const id = await newTenant({ settings: { directions: { incoming: 'inbound' } } });
  await makeHeldCall(id, 'stem:waiting');
  const body = {
    timeZone: 'Asia/Seoul',
    settings: { updateMode: 'merge', directions: { incoming: null, AUS: 'outbound' } },
  };
  const { body: tenant } = await api.ask(`PATCH /v1/tenants/${id}`, { body });
  expect(tenant.settings).toEqual({
    ...DEFAULT_SETTINGS,
    updateMode: 'merge',
    directions: { ...DEFAULT_SETTINGS.directions, aus: 'outbound' },
  });
  const [, second] = await policies(id);
  expect(second?.policy).toMatchObject({ version: 2, timeZone: 'Asia/Seoul', settings: tenant.settings });
  expect(await isDue(id, 'stem:waiting')).toBe(true);
  const { body: audit } = await api.ask(`GET /v1/audit?tenantId=${id}&limit=1`);
  expect(audit.items).toMatchObject([
    { tenantId: id, action: 'tenant.update', target: id, remoteAddress: '127.0.0.1', detail: body },
  ]);
  expect(audit.items[0].actor).toMatch(/^test operator \([0-9a-f-]{36}\)$/);
});

test('a change of name alone publishes no policy and wakes nothing', async () => {
  const id = await newTenant();
  await makeHeldCall(id, 'stem:waiting');
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { name: 'Renamed' } });
  expect(await policies(id)).toHaveLength(1);
  expect(await isDue(id, 'stem:waiting')).toBe(false);
});

test('changes at once are each kept: every one reads what the one before it wrote', async () => {
  const id = await newTenant();
  const aliases = Array.from({ length: 8 }, (_, index) => `alias${index}`);
  const answers = await Promise.all(
    aliases.map((alias) =>
      api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { directions: { [alias]: 'inbound' } } } }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(aliases.map(() => 200));
  const { body } = await api.ask(`GET /v1/tenants/${id}`);
  expect(Object.keys(body.settings.directions)).toEqual(expect.arrayContaining(aliases));
  expect((await policies(id)).map(({ policy }) => policy.version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('only an operator suspends a tenant or ends its suspension', async () => {
  const id = await newTenant({ timeZone: 'UTC' });
  const key = await api.makeKey('manager', [id]);
  const suspend = { stage: 'suspended' };
  expect((await api.ask(`PATCH /v1/tenants/${id}`, { key, body: suspend })).body.code).toBe('FORBIDDEN');
  expect((await api.ask(`PATCH /v1/tenants/${id}`, { body: suspend })).status).toBe(200);
  expect((await api.ask(`PATCH /v1/tenants/${id}`, { key, body: { stage: 'setup' } })).body.code).toBe(
    'FORBIDDEN',
  );
  expect((await api.ask(`POST /v1/tenants/${id}/go-live`, { key })).body.code).toBe('FORBIDDEN');
});

test('case 57: a retention that would delete calls asks for confirmation, and calls under a legal hold do not count', async () => {
  const id = await newTenant();
  await api.db.execute(
    `INSERT INTO calls (tenant_id, call_key, status, call_id, change_seq, started_at, legal_hold)
     SELECT $1, 'stem:' || n, 'surfaced', n, n, callbay_now() - interval '40 days', FALSE FROM generate_series(1, 2) n`,
    [id],
  );
  const patch = (days: number, query = '') =>
    api.ask(`PATCH /v1/tenants/${id}${query}`, {
      body: { settings: { dataRetention: { notEvaluatedDays: days } } },
    });
  expect((await patch(50)).status).toBe(200);
  const refused = await patch(30);
  expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT']);
  expect((await patch(30, '?confirm=true')).status).toBe(200);
  await api.db.execute('UPDATE calls SET legal_hold = TRUE WHERE tenant_id = $1', [id]);
  expect((await patch(28)).status).toBe(200);
});

test('readiness counts what is in the drop and names what is missing', async () => {
  const id = await newTenant();
  await makeFile(api.db, id);
  await makeFile(api.db, id, { kind: 'sidecar', code: 'NO_RECORDING' });
  await makeFile(api.db, id, { state: 'rejected', code: 'NOT_MEDIA' });
  await makeCall(api.db, id);
  const { body } = await api.ask(`GET /v1/tenants/${id}/readiness`);
  expect(body).toMatchObject({
    stage: 'setup',
    isReady: false,
    counts: {
      files: 4,
      held: 2,
      rejected: 1,
      unpairedRecordings: 1,
      unpairedMetadata: 1,
      readyCalls: 0,
      surfacedCalls: 1,
    },
    rejectedByCode: { NOT_MEDIA: 1 },
  });
  const failing = body.checks
    .filter(({ ok }: { ok: boolean }) => !ok)
    .map(({ code }: { code: string }) => code);
  expect(failing).toEqual(['TIME_ZONE_SET', 'SFTP_USER_EXISTS', 'NOTHING_REJECTED', 'NOTHING_UNPAIRED']);
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { timeZone: 'UTC' } });
  expect((await api.ask(`GET /v1/tenants/${id}/readiness`)).body.isReady).toBe(true);
});

test('tenants are listed page by page, each once', async () => {
  while (count < 5) await newTenant();
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const { body } = await api.ask(`GET /v1/tenants?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
    seen.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual([...new Set(seen)].sort());
  expect(seen.length).toBeGreaterThanOrEqual(5);
});

test('addresses for alerts are refused where no e-mail goes out, and webhooks are not', async () => {
  await using mute = await startApi({ options: { sendsMail: false, resolveHost: async () => [] } });
  const body = { id: 'mute', name: 'Mute', settings: { alerts: { emails: ['ops@acme.test'] } } };
  const refused = await mute.ask('POST /v1/tenants', { body });
  expect(refused.body).toMatchObject({ status: 422, code: 'UNPROCESSABLE' });
  expect(refused.body.detail).toContain('CALLBAY_SMTP_URL');
  const webhookUrl = 'https://hooks.example.com/callbay';
  const made = await mute.ask('POST /v1/tenants', {
    body: { ...body, settings: { alerts: { webhookUrl } } },
  });
  expect(made.status).toBe(201);
  expect((await mute.ask('PATCH /v1/tenants/mute', { body: { settings: body.settings } })).status).toBe(422);
  expect(
    (await mute.ask('PATCH /v1/tenants/mute', { body: { settings: { alerts: { emails: [] } } } })).status,
  ).toBe(200);
});
