import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { transact } from '@callbay/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

const PATIENT = { timeout: 20_000 };

let api: TestApi;
const calls: Record<string, number> = {};

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) {
    await api.ask('POST /v1/tenants', { body: { id, name: id } });
    calls[id] = await makeCall(api.db, id);
  }
});

afterAll(() => api[Symbol.asyncDispose]());

const waitingForLocks = async (): Promise<number> => {
  const [row] = await api.db.query<{ count: number }>(
    `SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
};

test('thirty requests of one tenant that wait in the database leave connections for every other tenant', async () => {
  const change = () => api.ask(`PATCH /v1/tenants/acme/calls/${calls.acme}`, { body: { legalHold: true } });
  const changes = await transact(api.db, async (tx) => {
    await tx.query(`SELECT FROM calls WHERE tenant_id = 'acme' FOR UPDATE`);
    const started = Array.from({ length: 30 }, change);
    await expect.poll(waitingForLocks, PATIENT).toBe(4);
    for (const id of ['acme2', 'acme2', 'acme2']) {
      expect((await api.ask(`GET /v1/tenants/${id}/calls`)).status).toBe(200);
    }
    expect(await waitingForLocks()).toBe(4);
    return started;
  });
  for (const { status } of await Promise.all(changes)) expect(status).toBe(200);
});

test('a tenant over its line of waiting requests is refused, and is served again afterwards', async () => {
  const read = () => api.ask(`PATCH /v1/tenants/acme/calls/${calls.acme}`, { body: { evaluated: true } });
  const early: number[] = [];
  const started = await transact(api.db, async (tx) => {
    await tx.query(`SELECT FROM calls WHERE tenant_id = 'acme' FOR UPDATE`);
    const all = Array.from({ length: 220 }, async () => {
      const { status } = await read();
      early.push(status);
      return status;
    });
    // All have come before the first is served.
    await expect.poll(() => early.length, PATIENT).toBe(16);
    return all;
  });
  expect(early.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 429));
  const statuses = await Promise.all(started);
  expect(statuses.filter((status) => status === 200)).toHaveLength(204);
  expect((await read()).status).toBe(200);
});

/** Asks for an answer and takes nothing of it. */
async function askAndWait(tenantId: string, callId: number): Promise<IncomingMessage> {
  const request = get(`${api.url}/v1/tenants/${tenantId}/calls/${callId}`, {
    headers: { authorization: `Bearer ${api.operator}` },
    agent: false,
  });
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response.pause();
}

test('a client that takes none of its answers holds 64 MiB of them, and no other tenant is refused for it', async () => {
  const raw = { note: 'x'.repeat(15 * 2 ** 20) };
  const large = await makeCall(api.db, 'acme', { raw });
  const taken: IncomingMessage[] = [];
  for (let n = 0; n < 12; n += 1) taken.push(await askAndWait('acme', large));
  const statuses = taken.map(({ statusCode }) => statusCode);
  expect(statuses.slice(0, 4)).toEqual([200, 200, 200, 200]);
  expect(statuses).toContain(429);
  expect((await api.ask(`GET /v1/tenants/acme2/calls/${calls.acme2}`)).status).toBe(200);
  for (const response of taken) response.destroy();
  await expect
    .poll(async () => (await api.ask(`GET /v1/tenants/acme/calls/${large}`)).status, PATIENT)
    .toBe(200);
});

test('a client that goes before its answer is there holds nothing afterwards', async () => {
  const large = await makeCall(api.db, 'acme2', { raw: { note: 'x'.repeat(15 * 2 ** 20) } });
  await transact(api.db, async (tx) => {
    await tx.query(`LOCK TABLE calls IN ACCESS EXCLUSIVE MODE`);
    const stop = new AbortController();
    const gone = Array.from({ length: 8 }, () =>
      fetch(`${api.url}/v1/tenants/acme2/calls/${large}`, {
        headers: { authorization: `Bearer ${api.operator}` },
        signal: stop.signal,
      }).catch(() => null),
    );
    await expect.poll(waitingForLocks, PATIENT).toBe(4);
    stop.abort();
    await Promise.all(gone);
  });
  for (let n = 0; n < 8; n += 1) {
    expect((await api.ask(`GET /v1/tenants/acme2/calls/${large}`)).status).toBe(200);
  }
});
