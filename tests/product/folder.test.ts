import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeWav, startProduct, until } from '@callbay/testkit';
import { expect, test } from 'vitest';

interface Call {
  readonly callId: number;
  readonly media: { readonly name: string };
}

test('what a program leaves in the folder of a tenant comes out of the API as a call', async () => {
  const root = await mkdtemp(join(tmpdir(), 'callbay-folders-'));
  await using product = await startProduct({
    CALLBAY_FOLDER_ROOT: root,
    CALLBAY_FOLDER_SCAN_SECONDS: '1',
    CALLBAY_FOLDER_SETTLE_SECONDS: '1',
    CALLBAY_INTAKE_PROCESSES: '2',
  });
  await product.makeTenant('acme');
  await product.api('PUT', '/v1/tenants/acme/folder-drop');
  const data = join(root, 'acme', 'data');
  await until('the folders', async () => {
    const drop = await product.api<{ state: string }>('GET', '/v1/tenants/acme/folder-drop');
    return drop.state === 'ready';
  });
  await writeFile(
    join(data, 'a.json'),
    '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}',
  );
  await writeFile(join(data, 'a.wav.part'), makeWav({ seconds: 1, seed: 1 }));
  await rename(join(data, 'a.wav.part'), join(data, 'a.wav'));
  const calls = () => product.listAll<Call>('/v1/tenants/acme/calls');
  await until('the call', async () => (await calls()).length > 0, 30_000);
  expect(await calls()).toMatchObject([{ callId: 1, media: { name: 'a.wav' } }]);
  const processed = () => readdir(join(root, 'acme', 'processed'));
  await until('the move', async () => (await processed()).length === 2, 30_000);
  // They are written after the moves.
  const receipts = () => readdir(join(root, 'acme', 'receipts'));
  await until('the receipts', async () => (await receipts()).length === 2, 30_000);
  expect((await receipts()).sort()).toEqual(['a.json.json', 'a.wav.json']);
  await product.api('DELETE', '/v1/tenants/acme/folder-drop').catch((error: unknown) => {
    // The client parses every answer, and this one is empty.
    if (!(error instanceof SyntaxError)) throw error;
  });
  await rm(root, { recursive: true, force: true });
}, 120_000);
