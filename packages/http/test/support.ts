import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import type { Role } from '@callbay/contracts';
import { type EventDraft, feedFailure, payloadOf } from '@callbay/core';
import { type BlobStore, createSampler, FeedError, makeApiKey } from '@callbay/ingestion';
import {
  createApiStores,
  createDropView,
  createExternalRecordingStore,
  type Database,
} from '@callbay/postgres';
import { createTestDatabase, openUploadDoor } from '@callbay/testkit';
import { type Api, createHttpApi, type HttpDeps, type HttpOptions } from '../src/index.ts';

export const TOKEN_KEY = new Uint8Array(32).fill(7);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface Ask {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface TestApi extends AsyncDisposable {
  readonly db: Database;
  readonly connectionString: string;
  readonly api: Api;
  readonly url: string;
  readonly blobs: BlobStore;
  /** An operator's key: what `ask` sends unless told otherwise. */
  readonly operator: string;
  makeKey(role: Role, tenantIds?: readonly string[]): Promise<string>;
  /** One real request; `GET /v1/tenants`, with the body as JSON. */
  ask(line: string, ask?: Ask): Promise<Answer>;
}

/** The whole API on a database of its own, listening on a port of its own. */
export async function startApi(
  changes: { deps?: Partial<HttpDeps>; options?: Partial<HttpOptions>; host?: string } = {},
): Promise<TestApi> {
  const { db, connectionString, drop } = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'callbay-http-'));
  const blobs = createDiskBlobStore({ root: join(folder, 'blobs') });
  const sampler = createSampler({ processes: 1 });
  const queue = { wakeReaders: async () => {}, wakeManyReaders: async () => {} };
  const deps: HttpDeps = {
    ...createApiStores(db, { seal: (text) => text, unseal: (sealed) => sealed }),
    blobs,
    queue,
    uploads: openUploadDoor({ db, blobs, queue, spoolDir: join(folder, 'spool') }),
    view: createDropView(db),
    feedTarget: {
      probe: async () => {
        throw new FeedError(feedFailure('FEED_UNREACHABLE'));
      },
    },
    sampler,
    checks: { database: () => db.query('SELECT 1') },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'callbay_up 1\n' },
    ...changes.deps,
  };
  const options = { tokenKey: TOKEN_KEY, sftp: { host: 'sftp.example.com', port: 2222 }, eventPollMs: 20 };
  const api = await createHttpApi(deps, { ...options, ...changes.options });
  const url = await api.listen({ host: changes.host ?? '127.0.0.1', port: 0 });

  const makeKey: TestApi['makeKey'] = async (role, tenantIds = []) => {
    const { id, key, digest } = makeApiKey();
    const credential = {
      id,
      form: 'key',
      role,
      tenantIds,
      label: `test ${role}`,
      digest,
      expires: { at: null },
    } as const;
    await deps.keys.createCredential(credential, { name: 'tests', remoteAddress: null });
    return key;
  };
  const operator = await makeKey('operator');

  const ask: TestApi['ask'] = async (line, { key = operator, body, headers = {} } = {}) => {
    const [method = 'GET', path = '/'] = line.split(' ', 2);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : null,
    };
  };

  return {
    db,
    connectionString,
    api,
    url,
    blobs,
    operator,
    makeKey,
    ask,
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await sampler[Symbol.asyncDispose]();
      await drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface FileToMake {
  readonly name?: string;
  readonly kind?: string;
  readonly state?: string;
  readonly code?: string;
  readonly callKey?: string;
}

/** A file row as intake and pipeline would have left it. */
export async function makeFile(db: Database, tenantId: string, file: FileToMake = {}): Promise<string> {
  const id = randomUUID();
  const {
    name = `${id}.wav`,
    kind = 'recording',
    state = 'held',
    code = 'NO_METADATA',
    callKey = null,
  } = file;
  const dot = name.lastIndexOf('.');
  await db.execute(
    `WITH counter AS (
       UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'receive' RETURNING value
     )
     INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, blob_key, sent_by, received_at, receive_seq,
                        modified_at, kind, sha256, classified_at, state, outcome_code, outcome_message, outcome_fix,
                        outcome_at, call_key, shown_name)
     SELECT $1, $2, 'sftp', $3, $4, $5, 10, $10, 'tests', callbay_now(), value,
            callbay_now(), $6, repeat('a', 64), callbay_now(), $7, $8, 'A sentence.', 'A fix.', callbay_now(), $9, $3
       FROM counter`,
    [
      tenantId,
      id,
      name,
      name.slice(0, dot),
      name.slice(dot + 1),
      kind,
      state,
      code,
      callKey,
      `${tenantId}/${id}`,
    ],
  );
  return id;
}

export interface CallToMake {
  readonly callKey?: string;
  readonly startedAt?: string;
  readonly fields?: Record<string, unknown>;
  readonly raw?: Record<string, string>;
  readonly media?: { name: string; contentType: string; bytes: Buffer; blobKey: string };
}

/** A surfaced call as the pipeline would have left it, with one revision and its outbox row; answers its callId. */
export async function makeCall(db: Database, tenantId: string, call: CallToMake = {}): Promise<number> {
  const {
    callKey = `stem:${randomUUID()}`,
    startedAt = '2026-03-01T09:30:00.000Z',
    fields = {},
    raw = {},
    media,
  } = call;
  const fileId = await makeFile(db, tenantId, { kind: 'sidecar', state: 'done', code: 'SURFACED', callKey });
  const view = media && {
    name: media.name,
    contentType: media.contentType,
    sizeBytes: media.bytes.length,
    sha256: 'ab'.repeat(32),
    durationSeconds: 1.5,
    channels: 2,
    codec: 'pcm',
    speakerSeparation: 'channels',
  };
  const event: EventDraft = {
    callKey,
    revision: 1,
    type: 'call.surfaced',
    data: {
      changed: { user: [null, 'joe'] },
      startedAt,
      endedAt: null,
      direction: 'inbound',
      user: 'joe',
      durationSeconds: null,
      fields: {},
      raw: {},
      mappingVersion: 1,
      warnings: [],
    },
  };
  const [row] = await db.query<{ callId: number }>(
    `WITH id AS (
       UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'call' RETURNING value
     ), change AS (
       UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'change' RETURNING value
     ), surfaced AS (
       INSERT INTO calls (tenant_id, call_key, status, call_id, revision, started_at, direction, user_id, fields, raw,
                          mapping_version, surfaced_at, updated_at, change_seq, search_text, media, media_blob_key)
       SELECT $1, $2, 'surfaced', id.value, 1, $3, 'inbound', 'joe', $4, $9, 1, callbay_now(), callbay_now(),
              change.value, $5, $6, $7 FROM id, change
       RETURNING call_id, change_seq
     ), outbox AS (
       INSERT INTO outbox (tenant_id, seq, event_id, call_key, revision, type, payload, created_at)
       SELECT $1, change_seq, gen_random_uuid(), $2, 1, 'call.surfaced', $8, callbay_now() FROM surfaced
     )
     SELECT call_id AS "callId" FROM surfaced`,
    [
      tenantId,
      callKey,
      startedAt,
      JSON.stringify(fields),
      Object.values(fields).join(' '),
      view === undefined ? null : JSON.stringify(view),
      media?.blobKey ?? null,
      JSON.stringify(payloadOf(event)),
      JSON.stringify(raw),
    ],
  );
  if (row === undefined) throw new Error('no call was made');
  await db.execute(
    `INSERT INTO call_revisions (tenant_id, call_key, revision, at, file_id, changed)
     VALUES ($1, $2, 1, callbay_now(), $3, '{"user":[null,"joe"]}')`,
    [tenantId, callKey, fileId],
  );
  return row.callId;
}

/** A proposed match of metadata that waits with a registered recording, as the pipeline would have left it. */
export async function makeMatch(db: Database, tenantId: string): Promise<string> {
  const recordId = await makeFile(db, tenantId, {
    name: `${randomUUID()}.json`,
    kind: 'sidecar',
    code: 'NO_RECORDING',
  });
  await db.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, stem, raw)
     SELECT tenant_id, id, 0, stem, '{}' FROM files WHERE tenant_id = $1 AND id = $2`,
    [tenantId, recordId],
  );
  const [made] = await createExternalRecordingStore(db).register(
    tenantId,
    [{ source: 'zoom', id: randomUUID(), fields: { user: 'joe' } }],
    { name: 'tests', remoteAddress: null },
  );
  const matchId = randomUUID();
  const contributions = [{ field: 'user', level: 'same', bits: 4.14, why: 'The users are the same.' }];
  await db.execute(
    `INSERT INTO matches (tenant_id, id, record_file_id, record_row, recording_file_id, score, contributions, proposed_at)
     VALUES ($1, $2, $3, 0, $4, 4.14, $5, callbay_now())`,
    [tenantId, matchId, recordId, made!.recording.fileId, JSON.stringify(contributions)],
  );
  return matchId;
}

/** A CRM object as an import would have left it. */
export async function makeCrmObject(
  db: Database,
  tenantId: string,
  object: {
    type?: string;
    externalId: string;
    fields?: Record<string, unknown>;
    refs?: Record<string, string | null>;
  },
): Promise<void> {
  const { type = 'contacts', externalId, fields = { lastName: 'Ann' }, refs } = object;
  await db.execute(
    `INSERT INTO crm_objects (tenant_id, type, external_id, fields, file_id, updated_at, refs)
     VALUES ($1, $2, $3, $4, $5, callbay_now(), $6)`,
    [
      tenantId,
      type,
      externalId,
      JSON.stringify(fields),
      randomUUID(),
      refs === undefined ? null : JSON.stringify(refs),
    ],
  );
}
