import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeWav, startProduct, until } from '@callbay/testkit';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../../apps/callbay/src/main.ts');

test('files that the command sends over HTTP, in several parts where they are large, come out of the API as a call', async () => {
  await using product = await startProduct();
  await product.makeTenant('acme');
  const folder = await mkdtemp(join(tmpdir(), 'callbay-upload-'));
  const body = { role: 'sender', tenantIds: ['acme'], label: 'recorder' };
  const { key } = await product.api<{ key: string }>('POST', '/v1/api-keys', body);
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, key);
  // Three parts.
  const wav = makeWav({ seconds: 1_200, seed: 1 });
  expect(wav.length).toBeGreaterThan(16 * 2 ** 20);
  await writeFile(join(folder, 'a.wav'), wav);
  await writeFile(
    join(folder, 'a.json'),
    '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}',
  );
  const upload = (...words: string[]) =>
    run(process.execPath, [
      main,
      '--json',
      '--url',
      product.url,
      '--key-file',
      keyFile,
      'upload',
      'acme',
      ...words,
    ]);
  const { stdout } = await upload(join(folder, 'a.wav'), join(folder, 'a.json'));
  const sent = JSON.parse(stdout) as { name: string; drop: string; sizeBytes: number }[];
  expect(sent).toMatchObject([
    { name: 'a.wav', drop: 'api', sizeBytes: wav.length },
    { name: 'a.json', drop: 'api' },
  ]);
  const calls = () =>
    product.listAll<{ media: { name: string; sizeBytes: number } }>('/v1/tenants/acme/calls');
  await until('the call', async () => (await calls()).length > 0, 30_000);
  expect(await calls()).toMatchObject([{ media: { name: 'a.wav', sizeBytes: wav.length } }]);
  await expect(upload('--name', 'b.wav.part', join(folder, 'a.json'))).rejects.toMatchObject({ code: 1 });
  await rm(folder, { recursive: true });
}, 120_000);
