import { randomBytes } from 'node:crypto';
import { S3_EVENT_BYTES } from '@callbay/contracts';
import { S3_STEPS, type S3Step } from '@callbay/core';
import type { S3DropDeps, S3Provisioner } from '@callbay/ingestion';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

const at = '2026-03-02T10:00:00.000Z';
/** The step that the server of buckets refuses. */
let refused: string | null = null;
let keys = 0;

/** A provisioner without a server: what servers do with its requests is tested in `buckets`. */
const provisioner: S3Provisioner = {
  region: 'eu-central-1',
  endpoint: null,
  isAws: true,
  planDrop: async () => ({
    bucketPolicy: { Version: '2012-10-17', Statement: [] },
    userPolicy: null,
    queuePolicy: null,
    lifecycle: { Rules: [] },
    notification: null,
  }),
  async makeDrop(_request, made, note) {
    for (const step of S3_STEPS) {
      const result: S3Step =
        step === refused
          ? { step, state: 'failed', code: 'AccessDenied', message: 'no', at }
          : { step, state: 'done', at };
      await note(result, made);
      if (result.state === 'failed') return null;
    }
    if (made.accessKeyId !== null) return null;
    const key = { accessKeyId: `AK${keys}`, secretAccessKey: 'secret' };
    await note(
      { step: 'accessKey', state: 'done', at },
      { userName: 'u', queueUrl: 'q', accessKeyId: key.accessKeyId },
    );
    return key;
  },
  rotateKey: async () => {
    keys += 1;
    return { accessKeyId: `AK${keys}`, secretAccessKey: 'other' };
  },
  removeDrop: async () => {},
};

const s3: Omit<S3DropDeps, 'drops'> = {
  provisioner,
  names: { bucketPrefix: 'callbay-', sharedBucket: null },
  tokenKey: randomBytes(32),
  webhookBase: 'https://callbay.test',
};

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ options: { s3 } });
  for (const id of ['acme', 'other', 'third']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});
afterAll(() => api[Symbol.asyncDispose]());

const drop = '/v1/tenants/acme/s3-drop';
const user = { access: 'user' };

test('a drop is made, read, rotated, made again and removed, and its secret is shown once', async () => {
  expect((await api.ask(`GET ${drop}`)).status).toBe(404);
  const made = await api.ask(`PUT ${drop}`, { body: user });
  expect(made.body).toMatchObject({
    state: 'ready',
    bucket: 'callbay-acme',
    prefix: '',
    region: 'eu-central-1',
    endpoint: null,
    accessKeyId: 'AK0',
    secretAccessKey: 'secret',
  });
  expect(made.body.steps.map(({ step }: S3Step) => step)).toEqual(S3_STEPS);
  const read = await api.ask(`GET ${drop}`);
  expect(read.text).not.toContain('secret"');
  const rotated = await api.ask(`POST ${drop}/keys`, { body: {} });
  expect(rotated.body).toMatchObject({ accessKeyId: 'AK1', secretAccessKey: 'other' });
  expect((await api.ask(`GET ${drop}`)).body.accessKeyId).toBe('AK1');
  const again = await api.ask(`POST ${drop}/reconcile`);
  expect([again.body.state, again.body.accessKeyId, again.body.secretAccessKey]).toEqual([
    'ready',
    'AK1',
    undefined,
  ]);
  expect((await api.ask(`DELETE ${drop}`)).status).toBe(204);
  expect((await api.ask(`DELETE ${drop}`)).status).toBe(404);
  const { body } = await api.ask('GET /v1/audit?tenantId=acme');
  expect(body.items.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['s3Drop.create', 's3Drop.rotate', 's3Drop.delete']),
  );
});

test('a step that fails is shown with the code of the server, and the same request goes on', async () => {
  refused = 'versioning';
  const path = '/v1/tenants/other/s3-drop';
  const failed = await api.ask(`PUT ${path}`, { body: user });
  expect([failed.status, failed.body.state, failed.body.message]).toEqual([200, 'failed', 'versioning: no']);
  expect(failed.body.steps.at(-1)).toMatchObject({
    step: 'versioning',
    state: 'failed',
    code: 'AccessDenied',
  });
  refused = null;
  expect((await api.ask(`PUT ${path}`, { body: user })).body.state).toBe('ready');
});

test.each([
  [{ access: 'principal' }, 'principalArn'],
  [{ access: 'principal', principalArn: '*' }, 'one user'],
  [{ access: 'principal', principalArn: 'arn:aws:sts::123456789012:assumed-role/a/b' }, 'session'],
  [{ access: 'principal', principalArn: 'arn:aws:iam::123456789012:root' }, 'allowAccountRoot'],
])('the access %j is refused in words', async (body, words) => {
  const answer = await api.ask('PUT /v1/tenants/third/s3-drop', { body });
  expect([answer.status, answer.body.code]).toEqual([422, 'UNPROCESSABLE']);
  expect(answer.body.detail).toContain(words);
  expect((await api.ask('GET /v1/tenants/third/s3-drop')).status).toBe(404);
});

test('a dry run answers the documents and makes nothing', async () => {
  const answer = await api.ask('PUT /v1/tenants/third/s3-drop', { body: { ...user, dryRun: true } });
  expect(answer.body).toMatchObject({
    state: 'provisioning',
    steps: [],
    documents: { lifecycle: { Rules: [] } },
  });
  expect((await api.ask('GET /v1/tenants/third/s3-drop')).status).toBe(404);
});

test('pushed events are kept for whoever knows the token, and for nobody else', async () => {
  const { body } = await api.ask('PUT /v1/tenants/third/s3-drop', { body: user });
  const path = new URL(body.webhookUrl).pathname;
  const push = (to: string, text: string, headers = {}) =>
    api.ask(`POST ${to}`, { key: null, body: text, headers });
  const kept = () =>
    api.db.query<{ body: string }>(`SELECT body FROM s3_events WHERE tenant_id = 'third' ORDER BY id`);
  expect((await push(path, '{"Records":[]}')).status).toBe(202);
  expect((await push(path, 'anything', { 'content-type': 'text/plain' })).status).toBe(202);
  expect((await push(path, 'x'.repeat(S3_EVENT_BYTES))).status).toBe(202);
  expect((await push(path, 'x'.repeat(S3_EVENT_BYTES + 1))).status).toBe(413);
  expect((await push(`${path}x`, '{}')).status).toBe(404);
  expect((await push('/v1/s3-events/guess', '{}')).status).toBe(404);
  expect((await kept()).map(({ body: { length } }) => length)).toEqual([14, 8, S3_EVENT_BYTES]);
  await api.ask('DELETE /v1/tenants/third/s3-drop');
  expect((await push(path, '{}')).status).toBe(404);
  expect(await kept()).toEqual([]);
});

test('without a server of buckets no drop is made', async () => {
  await using bare = await startApi();
  await bare.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const answer = await bare.ask(`PUT ${drop}`, { body: user });
  expect([answer.status, answer.body.code]).toEqual([422, 'UNPROCESSABLE']);
  expect(answer.body.detail).toContain('CALLBAY_S3_REGION');
});
