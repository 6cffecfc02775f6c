import { randomBytes, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  AlertList,
  ApiKeyList,
  AuditList,
  BatchRowList,
  Call,
  CallList,
  CrmObjectList,
  Explanation,
  ExternalRecordingList,
  FileList,
  History,
  HoldList,
  ITEM_BYTES,
  MappingList,
  MatchList,
  PAGE_BYTES,
  SftpUserList,
  TenantList,
} from '@callbay/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answer, makeCall, makeCrmObject, makeFile, startApi, type TestApi } from './support.ts';

let api: TestApi;
const sockets = new Set<Socket>();

beforeAll(async () => {
  api = await startApi();
  api.db.pool.on('connect', (client) => {
    const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
    sockets.add(connection.stream);
  });
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(): Promise<string> {
  const id = `t${randomUUID().slice(0, 8)}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id } });
  return id;
}

/** Text that does not compress below half of its length. */
const noise = (chars: number): string => randomBytes(chars / 2).toString('hex');

const KIB = 1024;
const MIB = 1024 * KIB;

const readSoFar = (): number => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0);

interface Page extends Answer {
  /** What the database sent for it. */
  readonly readBytes: number;
}

/** Every page of a list, each of which must be no larger than pages are, and be all that its schema says. */
async function pagesOf(path: string, schema: z.ZodType, limit = 50): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor = ''; pages.length < 100; ) {
    const before = readSoFar();
    const page = await api.ask(`GET ${path}?limit=${limit}${cursor}`);
    pages.push({ ...page, readBytes: readSoFar() - before });
    expect(page.status, page.text.slice(0, 500)).toBe(200);
    expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(PAGE_BYTES + 64 * KIB);
    expectToFit(page, schema);
    if (page.body.nextCursor === null) return pages;
    cursor = `&cursor=${page.body.nextCursor}`;
  }
  throw new Error('the pages of the list do not end');
}

/** Parsing leaves out what a schema does not know. */
function expectToFit({ body }: Answer, schema: z.ZodType): void {
  const parsed = z.safeParse(schema, body);
  expect(parsed.error?.issues ?? []).toEqual([]);
  expect(parsed.data).toEqual(body);
}

const itemsOf = (pages: readonly Answer[]) => pages.flatMap(({ body }) => body.items);

describe('pages of calls are cut by bytes', () => {
  test('and join without gap, each with all of its calls, of which no more is read than is shown', async () => {
    const tenantId = await newTenant();
    const sent = Array.from({ length: 30 }, () => ({
      note: noise(300 * KIB),
      amount: 1.5,
      vip: true,
      none: null,
    }));
    for (const fields of sent) await makeCall(api.db, tenantId, { fields });
    const pages = await pagesOf(`/v1/tenants/${tenantId}/calls`, CallList);
    expect(pages.length).toBeGreaterThan(2);
    expect(itemsOf(pages).map(({ callId }) => callId)).toEqual(sent.map((_, n) => n + 1));
    expect(itemsOf(pages).map(({ fields }) => fields)).toEqual(sent);
    for (const { readBytes } of pages) expect(readBytes).toBeLessThan(PAGE_BYTES + MIB);
    for (const { body } of pages.slice(0, -1)) expect(body.items.length).toBeGreaterThan(8);
  });

  test('a call over 1 MiB stands in the list without its content, which is read by its link', async () => {
    const tenantId = await newTenant();
    // What compresses well is small as it is stored and large as it is sent.
    const contents = [noise(2 * MIB), 'x'.repeat(2 * MIB), noise(ITEM_BYTES), 'small'];
    for (const note of contents) {
      await makeCall(api.db, tenantId, { fields: { note, contactId: '1' }, raw: { note } });
    }
    await makeCrmObject(api.db, tenantId, { externalId: '1' });
    const pages = await pagesOf(`/v1/tenants/${tenantId}/calls`, CallList);
    expect(pages).toHaveLength(1);
    expect(pages[0]!.readBytes).toBeLessThan(64 * KIB);
    const items = itemsOf(pages);
    expect(items.map(({ omitted }) => omitted?.href ?? null)).toEqual([
      ...[1, 2, 3].map((callId) => `/v1/tenants/${tenantId}/calls/${callId}`),
      null,
    ]);
    for (const [index, { omitted, fields, raw, crm }] of items.entries()) {
      if (omitted === undefined) continue;
      expect(omitted.bytes).toBeGreaterThan(ITEM_BYTES);
      expect({ fields, raw, crm }).toEqual({ fields: {}, raw: {}, crm: {} });
      const whole = await api.ask(`GET ${omitted.href}`);
      expectToFit(whole, Call);
      expect(whole.body.raw.note === contents[index]).toBe(true);
      expect(whole.body.fields.note === contents[index]).toBe(true);
      expect(whole.body.crm.contactId.isResolved).toBe(true);
    }
  });

  test('with the CRM objects that they show, and an object over 64 KiB is read by its link', async () => {
    const tenantId = await newTenant();
    for (let n = 0; n < 120; n += 1) {
      const externalId = String(n);
      await makeCrmObject(api.db, tenantId, { externalId, fields: { note: noise(60 * KIB) } });
      await makeCall(api.db, tenantId, { fields: { contactId: externalId } });
    }
    const large = { note: noise(300 * KIB) };
    await makeCrmObject(api.db, tenantId, { type: 'accounts', externalId: 'a/1', fields: large });
    await makeCall(api.db, tenantId, { fields: { accountId: 'a/1', contactId: 'absent' } });
    const pages = await pagesOf(`/v1/tenants/${tenantId}/calls`, CallList, 500);
    const items = itemsOf(pages);
    expect(items.map(({ callId }) => callId)).toEqual(Array.from({ length: 121 }, (_, n) => n + 1));
    expect(items.slice(0, 120).every(({ crm }) => crm.contactId.fields.note.length === 60 * KIB)).toBe(true);
    const { accountId, contactId } = items[120].crm;
    expect(contactId).toMatchObject({ isResolved: false, fields: {} });
    expect(accountId).toMatchObject({ isResolved: true, fields: {} });
    expect((await api.ask(`GET ${accountId.omitted.href}`)).body.fields).toEqual(large);
  });

  test('case 34: a page is filled by the calls of its own tenant alone', async () => {
    const [tenantId, other] = [await newTenant(), await newTenant()];
    for (let n = 0; n < 10; n += 1) await makeCall(api.db, other, { fields: { note: noise(900 * KIB) } });
    await makeCall(api.db, tenantId, { fields: { note: 'mine' } });
    const [page] = await pagesOf(`/v1/tenants/${tenantId}/calls`, CallList);
    expect(page?.body).toMatchObject({ items: [{ fields: { note: 'mine' } }], nextCursor: null });
    expect(page?.readBytes).toBeLessThan(64 * KIB);
  });
});

test('a history is cut by bytes, and a revision over 1 MiB is read by its link', async () => {
  const tenantId = await newTenant();
  const callId = await makeCall(api.db, tenantId, { callKey: 'stem:a' });
  const notes = [noise(2 * MIB), ...Array.from({ length: 20 }, () => noise(400 * KIB))];
  for (const [n, note] of notes.entries()) {
    await api.db.execute(
      `INSERT INTO call_revisions (tenant_id, call_key, revision, at, file_id, changed)
       VALUES ($1, 'stem:a', $2, callbay_now(), $3, $4)`,
      [tenantId, n + 2, randomUUID(), JSON.stringify({ note: [null, note] })],
    );
  }
  const path = `/v1/tenants/${tenantId}/calls/${callId}/history`;
  const pages = await pagesOf(path, History);
  expect(pages.length).toBeGreaterThan(1);
  const items = itemsOf(pages);
  expect(items.map(({ revision }) => revision)).toEqual(Array.from({ length: 22 }, (_, n) => n + 1));
  expect(items.slice(2).map(({ changed }) => changed.note[1])).toEqual(notes.slice(1));
  const whole = await api.ask(`GET ${items[1].omitted.href}`);
  expect(whole.body.items).toHaveLength(1);
  expect(whole.body.items[0].changed.note[1] === notes[0]).toBe(true);
});

test("a file's story is cut by bytes, and goes on where it was cut", async () => {
  const tenantId = await newTenant();
  const fileId = await makeFile(api.db, tenantId);
  const details = Array.from({ length: 60 }, () => noise(100 * KIB));
  for (const [n, note] of details.entries()) {
    await api.db.execute(
      `INSERT INTO file_steps (tenant_id, file_id, at, step, message, detail, dedupe)
       VALUES ($1, $2, '2026-03-01T09:30:00Z', 'held', 'm', $3, $4)`,
      [tenantId, fileId, JSON.stringify({ note }), String(n)],
    );
  }
  const steps: { step: string; detail: { note?: string } }[] = [];
  for (let query = ''; ; ) {
    const page = await api.ask(`GET /v1/tenants/${tenantId}/files/${fileId}/explanation${query}`);
    expectToFit(page, Explanation);
    expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(PAGE_BYTES + 64 * KIB);
    steps.push(...page.body.steps);
    if (page.body.nextCursor === null) break;
    query = `?cursor=${page.body.nextCursor}`;
  }
  expect(steps.map(({ step }) => step)).toEqual(['received', ...details.map(() => 'held')]);
  expect(steps.slice(1).map(({ detail }) => detail.note)).toEqual(details);
});

describe('other lists are cut by bytes', () => {
  test('rows of a batch', async () => {
    const tenantId = await newTenant();
    const fileId = await makeFile(api.db, tenantId, { kind: 'batch' });
    const message = noise(20 * KIB);
    await api.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, line, stem, is_batch_row, state, outcome_code, outcome_message)
       SELECT $1, $2, n, n + 1, 's' || n, true, 'rejected', 'METADATA_INVALID', $3 FROM generate_series(1, 400) n`,
      [tenantId, fileId, message],
    );
    const pages = await pagesOf(`/v1/tenants/${tenantId}/files/${fileId}/rows`, BatchRowList, 500);
    expect(itemsOf(pages).map(({ row }) => row)).toEqual(Array.from({ length: 400 }, (_, n) => n + 1));
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('files', async () => {
    const tenantId = await newTenant();
    for (let n = 0; n < 60; n += 1) await makeFile(api.db, tenantId);
    const warnings = [{ code: 'VALUE_TOO_LONG', message: noise(100 * KIB), at: null }];
    await api.db.execute('UPDATE files SET warnings = $2 WHERE tenant_id = $1', [
      tenantId,
      JSON.stringify(warnings),
    ]);
    const pages = await pagesOf(`/v1/tenants/${tenantId}/files`, FileList);
    expect(new Set(itemsOf(pages).map(({ id }) => id)).size).toBe(60);
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('CRM objects', async () => {
    const tenantId = await newTenant();
    const ids = Array.from({ length: 30 }, (_, n) => String(n).padStart(3, '0'));
    for (const externalId of ids) {
      const fields = { note: noise(300 * KIB), accountId: 'a' };
      await makeCrmObject(api.db, tenantId, { externalId, fields, refs: { accountId: 'a' } });
    }
    const pages = await pagesOf(`/v1/tenants/${tenantId}/crm/contacts`, CrmObjectList);
    expect(itemsOf(pages).map(({ externalId }) => externalId)).toEqual(ids);
    expect(itemsOf(pages)[0].references).toEqual({
      accountId: { type: 'accounts', externalId: 'a', isResolved: false },
    });
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('external recordings', async () => {
    const tenantId = await newTenant();
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}`, noise(1000)]));
    const sent = Array.from({ length: 150 }, (_, n) => ({ source: 'zoom', id: `id${n}`, fields }));
    for (let from = 0; from < sent.length; from += 15) {
      const items = sent.slice(from, from + 15);
      const made = await api.ask(`POST /v1/tenants/${tenantId}/external-recordings`, { body: { items } });
      expect(made.status).toBe(200);
    }
    const pages = await pagesOf(`/v1/tenants/${tenantId}/external-recordings`, ExternalRecordingList, 500);
    expect(itemsOf(pages).map(({ id }) => id)).toEqual(sent.map(({ id }) => id).reverse());
  });

  test('holds', async () => {
    const tenantId = await newTenant();
    const reasons = [{ code: 'NO_METADATA', message: noise(200 * KIB) }];
    for (let n = 0; n < 40; n += 1) {
      const hold = { reasons, waitingFor: n % 2 ? 'metadata' : 'goLive', until: null, fileIds: [] };
      await api.db.execute(
        `INSERT INTO calls (tenant_id, call_key, status, hold, held_since)
         VALUES ($1, $2, 'held', $3, '2026-03-01T00:00:00Z')`,
        [tenantId, `stem:${String(n).padStart(3, '0')}`, JSON.stringify(hold)],
      );
    }
    const pages = await pagesOf(`/v1/tenants/${tenantId}/holds`, HoldList, 500);
    const keys = itemsOf(pages).map(({ callKey }) => callKey);
    expect(keys).toEqual(Array.from({ length: 40 }, (_, n) => `stem:${String(n).padStart(3, '0')}`));
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('alerts', async () => {
    const tenantId = await newTenant();
    const examples = [
      { fileId: randomUUID(), name: noise(200 * KIB), code: null, receivedAt: '2026-03-01T00:00:00.000Z' },
    ];
    await api.db.execute(
      `INSERT INTO alerts (tenant_id, id, kind, subject, message, fix, count, examples, opened_at, updated_at)
       SELECT $1, gen_random_uuid(), 'FEED_STALLED', n::text, 'm', 'f', 1, $2, callbay_now(), callbay_now()
         FROM generate_series(1, 40) n`,
      [tenantId, JSON.stringify(examples)],
    );
    const pages = await pagesOf(`/v1/tenants/${tenantId}/alerts`, AlertList, 500);
    expect(new Set(itemsOf(pages).map(({ subject }) => subject)).size).toBe(40);
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('matches', async () => {
    const tenantId = await newTenant();
    const made = await api.ask(`POST /v1/tenants/${tenantId}/external-recordings`, {
      body: { items: [{ source: 'zoom', id: 'r', fields: {} }] },
    });
    const recordingId = made.body.items[0].fileId;
    const fileId = await makeFile(api.db, tenantId, { kind: 'batch' });
    const contributions = [{ field: 'user', level: 'exact', bits: 1, why: noise(200 * KIB) }];
    await api.db.execute(
      `INSERT INTO matches (tenant_id, id, record_file_id, record_row, recording_file_id, score, contributions, proposed_at)
       SELECT $1, gen_random_uuid(), $2, n, $3, 0.5, $4, callbay_now() FROM generate_series(1, 40) n`,
      [tenantId, fileId, recordingId, JSON.stringify(contributions)],
    );
    const pages = await pagesOf(`/v1/tenants/${tenantId}/matches`, MatchList, 500);
    expect(new Set(itemsOf(pages).map(({ record }) => record.row)).size).toBe(40);
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('API keys', async () => {
    await api.db.execute(
      `INSERT INTO api_keys (id, role, tenant_ids, label, digest, created_at)
       SELECT gen_random_uuid(), 'tenant', (SELECT array_agg('t' || left(md5(k::text), 30)) FROM generate_series(1, 1000) k),
              'many', md5(n::text), callbay_now() FROM generate_series(1, 300) n`,
    );
    const pages = await pagesOf('/v1/api-keys', ApiKeyList, 500);
    const many = itemsOf(pages).filter(({ label }) => label === 'many');
    expect(many.map(({ tenantIds }) => tenantIds.length)).toEqual(Array(300).fill(1000));
    expect(pages[0]!.readBytes).toBeLessThan(PAGE_BYTES + MIB);
  });

  test('SFTP users', async () => {
    const tenantId = await newTenant();
    await api.db.execute(
      `INSERT INTO sftp_users (tenant_id, username, allowed_cidrs)
       SELECT $1, $1 || '-' || n, '{}' FROM generate_series(1, 100) n`,
      [tenantId],
    );
    await api.db.execute(
      `INSERT INTO sftp_keys (tenant_id, id, username, label, type, public_key, fingerprint)
       SELECT $1, gen_random_uuid(), $1 || '-' || n, repeat('l', 200), 'ssh-rsa', repeat('k', 2800), k::text
         FROM generate_series(1, 100) n, generate_series(1, 50) k`,
      [tenantId],
    );
    const pages = await pagesOf(`/v1/tenants/${tenantId}/sftp-users`, SftpUserList, 500);
    expect(pages.length).toBeGreaterThan(1);
    expect(itemsOf(pages).map(({ keys }) => keys.length)).toEqual(Array(100).fill(50));
  });

  test('tenants, versions of mappings and the audit', async () => {
    const tenantId = await newTenant();
    const aliases = Object.fromEntries(
      Array.from({ length: 400 }, (_, n) => [`${n}${noise(200)}`, noise(200)]),
    );
    const field = (target: string) => ({ source: target, target, type: 'enum', aliases });
    const mapping = { fields: ['a', 'b', 'c', 'd'].map(field) };
    for (let n = 0; n < 12; n += 1) {
      const published = await api.ask(`PUT /v1/tenants/${tenantId}/mappings/call`, { body: mapping });
      expect(published.status).toBe(200);
    }
    const versions = await pagesOf(`/v1/tenants/${tenantId}/mappings/call/versions`, MappingList);
    expect(versions.length).toBeGreaterThan(1);
    expect(itemsOf(versions).map(({ version }) => version)).toEqual(
      Array.from({ length: 13 }, (_, n) => 13 - n),
    );

    const expectedUsers = Array.from({ length: 1000 }, () => noise(250));
    const body = { settings: { expectedUsers } };
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const id = await newTenant();
      ids.push(id);
      expect((await api.ask(`PATCH /v1/tenants/${id}`, { body })).status).toBe(200);
    }
    const tenants = itemsOf(await pagesOf('/v1/tenants', TenantList)).map(({ id }) => id);
    expect(tenants.filter((id) => ids.includes(id))).toEqual(ids.toSorted());
    const audit = itemsOf(await pagesOf('/v1/audit', AuditList, 500));
    expect(audit.filter(({ action }) => action === 'tenant.update')).toHaveLength(20);
  });
});
