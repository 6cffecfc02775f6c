import { type DeliveryFailure, deliveryFailure } from '@callbay/core';
import { type DeliveryStore, type DigestSender, sweepAlerts, sweepDeliveries } from '@callbay/ingestion';
import { createAlertStore, createDeliveryStore, transact } from '@callbay/postgres';
import { type TestClock, testClock } from '@callbay/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

const START = Date.parse('2026-03-02T10:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let api: TestApi;
let clock: TestClock;
let count = 0;
const log = { warn: () => {}, error: () => {} };

/** What was sent, and what the other side makes of it. */
let sent: { to: string; secret?: string; opened: string[]; resolved: string[]; openCount: number }[] = [];
let answer: DeliveryFailure | null = null;

const sender: DigestSender = {
  sendMail: async (to, { opened, resolved, openCount }) => {
    const kinds = { opened: opened.map(({ kind }) => kind), resolved: resolved.map(({ kind }) => kind) };
    sent.push({ to, ...kinds, openCount });
    return answer;
  },
  sendWebhook: async ({ url, secret }, { opened, resolved, openCount }) => {
    const kinds = { opened: opened.map(({ kind }) => kind), resolved: resolved.map(({ kind }) => kind) };
    sent.push({ to: url, secret, ...kinds, openCount });
    return answer;
  },
};

beforeAll(async () => {
  api = await startApi();
  clock = await testClock(api.db);
});

beforeEach(async () => {
  sent = [];
  answer = null;
  // Others' alerts would be told by the same sweep.
  await api.db.execute('DELETE FROM tenants');
});

afterAll(() => api[Symbol.asyncDispose]());

const at = (ms: number): Promise<void> => clock.set(new Date(START + ms));
const sealer = { seal: (text: string) => text, unseal: (sealed: string) => sealed };

async function newTenant(alerts: Record<string, unknown>): Promise<string> {
  const id = `told-${++count}`;
  await at(0);
  const made = await api.ask('POST /v1/tenants', {
    body: { id, name: id, timeZone: 'UTC', stage: 'live', settings: { alerts } },
  });
  expect(made.status, made.text).toBe(201);
  return id;
}

async function sweepAt(ms: number): Promise<void> {
  await at(ms);
  await sweepAlerts({ alerts: createAlertStore(api.db), log });
  await sweepDeliveries({ deliveries: createDeliveryStore(api.db, sealer), sender, log });
}

/** What a sweep makes before it sends anything. */
async function makeDigests(deliveries: DeliveryStore): Promise<void> {
  const listeners = await deliveries.findListeners(await deliveries.listUnreported(null, 10));
  for (const listener of listeners) await deliveries.makeDigest(listener);
}

const deliveriesOf = async (id: string, query = '') =>
  (await api.ask(`GET /v1/tenants/${id}/alerts/deliveries${query}`)).body.items;

describe('one digest for each tenant and period', () => {
  test('tells at once what opened, then no sooner than was asked for, and what was resolved since', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'], digestEveryMinutes: 30 });
    await sweepAt(HOUR + 1);
    expect(sent).toEqual([{ to: 'ops@acme.test', opened: ['FEED_LATE'], resolved: [], openCount: 1 }]);
    await makeFile(api.db, id);
    await sweepAt(HOUR + 30 * MINUTE);
    expect(sent).toHaveLength(1);
    await sweepAt(HOUR + 30 * MINUTE + 1);
    expect(sent.slice(1)).toEqual([
      { to: 'ops@acme.test', opened: [], resolved: ['FEED_LATE'], openCount: 0 },
    ]);
    await sweepAt(2 * HOUR);
    expect(sent).toHaveLength(2);
  });

  test('each recipient has a delivery of its own, and a digest is told once however often it is swept', async () => {
    const emails = ['a@acme.test', 'b@acme.test'];
    const id = await newTenant({ emails, webhookUrl: 'https://hooks.example.com/callbay/token' });
    const made = await api.ask(`POST /v1/tenants/${id}/alerts/webhook-secret`);
    for (const ms of [HOUR + 1, HOUR + 2, 2 * HOUR]) await sweepAt(ms);
    expect(sent.map(({ to }) => to).sort()).toEqual([...emails, 'https://hooks.example.com/callbay/token']);
    expect(sent.find(({ secret }) => secret)?.secret).toBe(made.body.secret);
    const deliveries = await deliveriesOf(id);
    expect(deliveries).toHaveLength(3);
    expect(deliveries[0]).toEqual({
      id: expect.any(String),
      digestId: expect.any(String),
      channel: expect.any(String),
      target: expect.any(String),
      state: 'delivered',
      attempts: 1,
      nextAttemptAt: null,
      createdAt: '2026-03-02T11:00:00.001Z',
      deliveredAt: '2026-03-02T11:00:00.001Z',
      code: null,
      message: null,
      fix: null,
    });
    // The path of a webhook may be a secret of the receiver's.
    expect(deliveries.map(({ target }: { target: string }) => target)).toContain('hooks.example.com');
  });

  test('without anybody to tell none is made, and whoever listens later hears what is open still', async () => {
    const id = await newTenant({});
    await sweepAt(HOUR + 1);
    await makeFile(api.db, id);
    await sweepAt(HOUR + MINUTE);
    expect(await deliveriesOf(id)).toEqual([]);
    await sweepAt(30 * HOUR);
    await api.ask(`PATCH /v1/tenants/${id}`, {
      body: { settings: { alerts: { emails: ['ops@acme.test'] } } },
    });
    await sweepAt(30 * HOUR + MINUTE);
    expect(sent).toEqual([
      { to: 'ops@acme.test', opened: ['FEED_LATE', 'HELD_OVER_HOUR'], resolved: [], openCount: 2 },
    ]);
  });

  test('an alert that went and came back within one period is told once', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    await makeFile(api.db, id);
    const release = (state: string) =>
      api.db.execute('UPDATE files SET state = $2 WHERE tenant_id = $1', [id, state]);
    await api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { feedExpectedEveryMinutes: 44_640 } } });
    await sweepAt(2 * HOUR);
    await release('done');
    await sweepAt(2 * HOUR + MINUTE);
    await release('held');
    await sweepAt(2 * HOUR + 2 * MINUTE);
    await sweepAt(4 * HOUR);
    expect(sent).toEqual([{ to: 'ops@acme.test', opened: ['HELD_OVER_HOUR'], resolved: [], openCount: 1 }]);
  });
});

test('an alert that was told as resolved and comes back is told as open again, even where it flickers meanwhile', async () => {
  const id = await newTenant({ emails: ['ops@acme.test'], digestEveryMinutes: 20 });
  await api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { feedExpectedEveryMinutes: 44_640 } } });
  await makeFile(api.db, id);
  const sweepWith = async (state: string, minutes: number): Promise<void> => {
    await api.db.execute('UPDATE files SET state = $2 WHERE tenant_id = $1', [id, state]);
    await sweepAt(2 * HOUR + minutes * MINUTE);
  };
  await sweepWith('held', 0);
  await sweepWith('done', 21);
  await sweepWith('held', 22);
  await sweepWith('done', 23);
  await sweepWith('held', 24);
  await sweepWith('held', 42);
  expect(
    sent.map(({ opened, resolved }) => [...opened, ...resolved.map((kind) => `${kind} resolved`)]),
  ).toEqual([['HELD_OVER_HOUR'], ['HELD_OVER_HOUR resolved'], ['HELD_OVER_HOUR']]);
});

test('of several senders at once each delivery has one', async () => {
  const emails = Array.from({ length: 12 }, (_, index) => `ops${index}@acme.test`);
  await newTenant({ emails });
  const deliveries = createDeliveryStore(api.db, sealer);
  await at(HOUR + 1);
  await sweepAlerts({ alerts: createAlertStore(api.db), log });
  await makeDigests(deliveries);
  const [first, second] = await transact(api.db, async (tx) => {
    await tx.query('SELECT FROM alert_deliveries ORDER BY due_at, id LIMIT 6 FOR UPDATE');
    // What another one holds just now is left to it: neither waited for nor taken twice.
    return [await deliveries.takeDue(null, 20), await deliveries.takeDue(null, 20)];
  });
  expect([first?.length, second?.length]).toEqual([6, 0]);
  expect(await deliveries.takeDue(null, 20)).toHaveLength(6);
});

/** A small generator of numbers below 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each([1, 2, 3, 4])(
  'what the digests tell adds up to what is open, however alerts come and go (seed %i)',
  async (seed) => {
    const random = randomOf(seed);
    const id = await newTenant({ emails: ['ops@acme.test'], digestEveryMinutes: 20 });
    const believed = new Set<string>();
    const digestTimes: number[] = [];
    let nowMs = 0;
    const recording: DigestSender = {
      ...sender,
      sendMail: async (_to, { opened, resolved }) => {
        for (const alert of opened) believed.add(alert.id);
        for (const alert of resolved) believed.delete(alert.id);
        digestTimes.push(nowMs);
        return null;
      },
    };
    const turn = async (minutes: number): Promise<void> => {
      nowMs += Math.round(minutes * MINUTE);
      await at(nowMs);
      await sweepAlerts({ alerts: createAlertStore(api.db), log });
      await sweepDeliveries({ deliveries: createDeliveryStore(api.db, sealer), sender: recording, log });
    };
    const fileId = await makeFile(api.db, id);
    await turn(2 * 60);
    for (let step = 0; step < 60; step += 1) {
      const dice = random();
      if (dice < 0.5) {
        await api.db.execute('UPDATE files SET state = $3 WHERE tenant_id = $1 AND id = $2', [
          id,
          fileId,
          random() < 0.5 ? 'held' : 'done',
        ]);
      } else if (dice < 0.7) await makeFile(api.db, id, { state: 'done', code: 'DUPLICATE' });
      await turn(random() * 25);
    }
    await turn(21);
    await turn(0);
    const open = (await api.ask(`GET /v1/tenants/${id}/alerts?state=open`)).body.items;
    expect([...believed].sort()).toEqual(open.map((alert: { id: string }) => alert.id).sort());
    expect(digestTimes.length).toBeGreaterThan(3);
    const gaps = digestTimes.slice(1).map((each, index) => each - (digestTimes[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20 * MINUTE);
  },
);

describe('a delivery that fails', () => {
  test('is tried again later and later, and shows why', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    answer = deliveryFailure('MAIL_UNREACHABLE');
    const first = HOUR + 1;
    await sweepAt(first);
    await sweepAt(first + MINUTE - 1);
    expect(sent).toHaveLength(1);
    await sweepAt(first + MINUTE);
    expect(sent).toHaveLength(2);
    const [delivery] = await deliveriesOf(id, '?state=pending');
    expect(delivery).toMatchObject({ attempts: 2, code: 'MAIL_UNREACHABLE', deliveredAt: null });
    expect(delivery.nextAttemptAt).toBe(new Date(START + first + 3 * MINUTE).toISOString());
    answer = null;
    await sweepAt(first + 3 * MINUTE);
    expect(await deliveriesOf(id)).toMatchObject([{ state: 'delivered', attempts: 3, code: null }]);
  });

  test('is given up after twelve attempts, and stays visible', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    answer = deliveryFailure('MAIL_UNREACHABLE');
    for (let hours = 0; hours < 15 * 6; hours += 6) await sweepAt((hours + 2) * HOUR);
    expect(sent).toHaveLength(12);
    expect(await deliveriesOf(id, '?state=failed')).toMatchObject([
      { attempts: 12, code: 'MAIL_UNREACHABLE', nextAttemptAt: null },
    ]);
  });

  test('is given up at once where trying again cannot help', async () => {
    const id = await newTenant({ emails: ['gone@acme.test'] });
    answer = deliveryFailure('MAIL_ADDRESS_REFUSED');
    await sweepAt(HOUR + 1);
    expect(await deliveriesOf(id)).toMatchObject([
      { state: 'failed', attempts: 1, code: 'MAIL_ADDRESS_REFUSED' },
    ]);
  });

  test('is not sent to who is no longer set, and a webhook never without a signature', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'], webhookUrl: 'https://hooks.example.com/' });
    answer = deliveryFailure('MAIL_UNREACHABLE');
    await sweepAt(HOUR + 1);
    expect(sent.map(({ to }) => to)).toEqual(['ops@acme.test']);
    const codes = async () =>
      Object.fromEntries(
        (await deliveriesOf(id)).map(({ channel, code }: { channel: string; code: string }) => [
          channel,
          code,
        ]),
      );
    expect(await codes()).toEqual({ email: 'MAIL_UNREACHABLE', webhook: 'WEBHOOK_SECRET_MISSING' });
    await api.ask(`PATCH /v1/tenants/${id}`, {
      body: { settings: { alerts: { emails: [], webhookUrl: null } } },
    });
    await sweepAt(2 * HOUR);
    expect(await codes()).toEqual({ email: 'RECIPIENT_REMOVED', webhook: 'RECIPIENT_REMOVED' });
    expect(sent).toHaveLength(1);
  });

  test('whose sender died comes back when its lease ends, and ends as well', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    const deliveries = createDeliveryStore(api.db, sealer);
    await at(HOUR + 1);
    await sweepAlerts({ alerts: createAlertStore(api.db), log });
    await makeDigests(deliveries);
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      expect(await deliveries.takeDue(null, 10)).toMatchObject([{ tenantId: id, attempt }]);
      expect(await deliveries.takeDue(null, 10)).toEqual([]);
      await clock.advance(2 * MINUTE);
    }
    expect(await deliveries.takeDue(null, 10)).toEqual([]);
    expect(await deliveriesOf(id)).toMatchObject([{ state: 'failed', attempts: 12, code: 'INTERRUPTED' }]);
  });
});

describe('alert settings', () => {
  test('a webhook to 127.0.0.1 is refused with WEBHOOK_ADDRESS_FORBIDDEN, and nothing is changed', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    for (const webhookUrl of [
      'https://127.0.0.1/',
      'https://localhost/',
      'http://example.com/',
      'https://[::1]/',
      'https://ip6-localhost/',
      'https://hooks.example.com:22/',
    ]) {
      const change = { settings: { alerts: { webhookUrl } } };
      const refused = await api.ask(`PATCH /v1/tenants/${id}`, { body: change });
      expect([refused.status, refused.body.code], webhookUrl).toEqual([422, 'WEBHOOK_ADDRESS_FORBIDDEN']);
      const made = await api.ask('POST /v1/tenants', { body: { id: 'never', name: 'Never', ...change } });
      expect([made.status, made.body.code]).toEqual([422, 'WEBHOOK_ADDRESS_FORBIDDEN']);
    }
    const { body } = await api.ask(`GET /v1/tenants/${id}`);
    expect(body.settings.alerts).toEqual({
      emails: ['ops@acme.test'],
      webhookUrl: null,
      digestEveryMinutes: 60,
    });
    expect((await api.ask('GET /v1/tenants/never')).status).toBe(404);
  });

  test('what is no URL, no address, twice the same or too often is told with its place', async () => {
    const id = await newTenant({});
    const issueOf = async (alerts: Record<string, unknown>) => {
      const { status, body } = await api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { alerts } } });
      return [status, body.issues[0].at];
    };
    expect(await issueOf({ webhookUrl: 'nonsense' })).toEqual([400, 'settings.alerts.webhookUrl']);
    expect(await issueOf({ emails: ['a@b.test\r\nBcc: c@d.test'] })).toEqual([
      400,
      'settings.alerts.emails[0]',
    ]);
    expect(await issueOf({ emails: ['a@b.test', 'A@b.test'] })).toEqual([400, 'settings.alerts.emails']);
    expect(await issueOf({ digestEveryMinutes: 4 })).toEqual([400, 'settings.alerts.digestEveryMinutes']);
    expect(await issueOf({ sms: '+1' })).toEqual([400, 'settings.alerts.sms']);
  });

  test('a change is merged and audited, and neither publishes a policy nor wakes a call', async () => {
    const id = await newTenant({ emails: ['ops@acme.test'] });
    await api.db.execute(`INSERT INTO calls (tenant_id, call_key, status) VALUES ($1, 'stem:a', 'held')`, [
      id,
    ]);
    const body = { settings: { alerts: { digestEveryMinutes: 15 } } };
    const changed = await api.ask(`PATCH /v1/tenants/${id}`, { body });
    expect(changed.body.settings.alerts).toEqual({
      emails: ['ops@acme.test'],
      webhookUrl: null,
      digestEveryMinutes: 15,
    });
    const { body: audit } = await api.ask(`GET /v1/audit?tenantId=${id}&limit=1`);
    expect(audit.items).toMatchObject([{ action: 'tenant.update', detail: body }]);
    const policies = await api.db.query('SELECT FROM tenant_policies WHERE tenant_id = $1', [id]);
    expect(policies).toHaveLength(1);
    const due = await api.db.query('SELECT FROM calls WHERE tenant_id = $1 AND due_at IS NOT NULL', [id]);
    expect(due).toEqual([]);
  });

  test('a webhook secret is shown once, kept sealed, replaced by the next, and audited without itself', async () => {
    const id = await newTenant({});
    const make = () => api.ask(`POST /v1/tenants/${id}/alerts/webhook-secret`);
    const [first, second] = [await make(), await make()];
    expect(first.status).toBe(201);
    expect(first.body.secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(second.body.secret).not.toBe(first.body.secret);
    const { body: audit, text } = await api.ask(`GET /v1/audit?tenantId=${id}&action=webhookSecret.replace`);
    expect(audit.items).toHaveLength(2);
    expect(text).not.toContain(first.body.secret);
    expect(text).not.toContain(second.body.secret);
  });
});

test('a test alert goes to every recipient at once, at most one a minute, and delays no real digest', async () => {
  const id = await newTenant({ emails: ['ops@acme.test'], digestEveryMinutes: 60 });
  await at(HOUR);
  const asked = await api.ask(`POST /v1/tenants/${id}/alerts/test`);
  expect(asked.status, asked.text).toBe(202);
  expect(asked.body.deliveries).toMatchObject([
    { channel: 'email', target: 'ops@acme.test', state: 'pending' },
  ]);
  expect((await api.ask(`POST /v1/tenants/${id}/alerts/test`)).status).toBe(429);
  await sweepAt(HOUR + 1);
  const tests = sent.filter(({ opened }) => opened.includes('TEST'));
  expect(tests).toEqual([{ to: 'ops@acme.test', opened: ['TEST'], resolved: [], openCount: 0 }]);
  expect(sent.filter(({ opened }) => opened.includes('FEED_LATE'))).toHaveLength(1);
  expect((await deliveriesOf(id, '?state=delivered')).length).toBe(2);
  expect((await api.ask(`GET /v1/tenants/${id}/alerts?kind=TEST`)).status).toBe(400);
});

test('a test alert without a recipient is refused', async () => {
  const id = await newTenant({});
  const { status, body } = await api.ask(`POST /v1/tenants/${id}/alerts/test`);
  expect(status).toBe(422);
  expect(body.detail).toContain('settings.alerts.emails');
});
