import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ options: { folderRoot: '/srv/drop' } });
  for (const id of ['acme', 'other']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});
afterAll(() => api[Symbol.asyncDispose]());

test('a folder drop is made once, read, and removed, and each change is audited', async () => {
  expect((await api.ask('GET /v1/tenants/acme/folder-drop')).status).toBe(404);
  const made = await api.ask('PUT /v1/tenants/acme/folder-drop');
  expect(made.status).toBe(200);
  expect(made.body).toMatchObject({ state: 'provisioning', path: '/srv/drop/acme', ignored: [], waiting: 0 });
  expect((await api.ask('PUT /v1/tenants/acme/folder-drop', { body: {} })).body).toEqual(made.body);
  expect((await api.ask('GET /v1/tenants/acme/folder-drop')).body).toEqual(made.body);
  expect((await api.ask('GET /v1/tenants/other/folder-drop')).status).toBe(404);
  expect((await api.ask('DELETE /v1/tenants/acme/folder-drop')).status).toBe(204);
  expect((await api.ask('DELETE /v1/tenants/acme/folder-drop')).status).toBe(404);
  const { body } = await api.ask('GET /v1/audit?tenantId=acme');
  expect(body.items.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['folderDrop.create', 'folderDrop.delete']),
  );
});

test('a tenant that is not there has no folder, and a manager may not make one', async () => {
  expect((await api.ask('PUT /v1/tenants/nobody/folder-drop')).status).toBe(404);
  const key = await api.makeKey('manager', ['acme']);
  expect((await api.ask('PUT /v1/tenants/acme/folder-drop', { key })).status).toBe(403);
});

test('without a root no folder is made, and one that was made is reported as failed', async () => {
  await using bare = await startApi();
  await bare.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  const refused = await bare.ask('PUT /v1/tenants/acme/folder-drop');
  expect([refused.status, refused.body.code]).toEqual([422, 'UNPROCESSABLE']);
  expect(refused.body.detail).toContain('CALLBAY_FOLDER_ROOT');
});
