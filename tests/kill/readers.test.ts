import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeWav, openSftp, type RunningProduct, startProduct, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let product: RunningProduct;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product[Symbol.asyncDispose]());

const METADATA = '{"datetime":"2026-03-02T10:00:00Z","email":"rep@acme.test","direction":"inbound"}';

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** Kills all reading processes of a role while they are idle; answers how many there were. */
async function killReaders(role: 'pipeline' | 'api'): Promise<number> {
  const pid = (await product.pids())[role]!;
  const readers = await childrenOf(pid);
  for (const reader of readers) process.kill(reader, 'SIGKILL');
  await until('they are gone', async () => {
    const left = await childrenOf(pid);
    return readers.every((reader) => !left.includes(reader));
  });
  return readers.length;
}

const sendPair = async (
  user: Awaited<ReturnType<RunningProduct['makeTenant']>>,
  stem: string,
): Promise<void> => {
  await using client = await openSftp(product.sftpPort, user);
  await client.put(`${stem}.wav`, makeWav({ seconds: 1 }));
  await client.put(`${stem}.json`, METADATA);
};

const surfaced = async (tenantId: string): Promise<number> =>
  (await product.listAll(`/v1/tenants/${tenantId}/calls`)).length;

test('idle reading processes that are killed end neither the pipeline nor the api, and others take their place', async () => {
  const user = await product.makeTenant('idle');
  await sendPair(user, 'a');
  await until('the first call', async () => (await surfaced('idle')) === 1, 60_000);
  const sample = async () => {
    const response = await fetch(`${product.url}/v1/tenants/idle/mapping-samples?kind=call&name=a.csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.key}`, 'content-type': 'application/octet-stream' },
      body: 'a,b\n1,2\n',
    });
    return response.json();
  };
  expect(await sample()).toMatchObject({ format: 'csv' });
  const before = await product.pids();
  expect(await killReaders('pipeline')).toBeGreaterThan(0);
  expect(await killReaders('api')).toBeGreaterThan(0);
  await sendPair(user, 'b');
  await until('the second call', async () => (await surfaced('idle')) === 2, 60_000);
  expect(await sample()).toMatchObject({ format: 'csv' });
  const { pipeline, api } = await product.pids();
  expect({ pipeline, api }).toEqual({ pipeline: before.pipeline, api: before.api });
  expect(product.log()).not.toContain('uncaughtException');
});

test('case 115: readiness reports a store of bytes that is not in place, and what was sent before surfaces after it', async () => {
  const user = await product.makeTenant('away');
  const blobs = join(product.home, 'blobs');
  // Answers are shared for a second.
  const isHealth = (status: number, store: string) =>
    until(`${status} ${store}`, async () => {
      const response = await fetch(`${product.url}/health/ready`);
      const { checks } = (await response.json()) as { checks: Record<string, string> };
      return response.status === status && checks.store === store;
    });
  await isHealth(200, 'ok');
  await rename(blobs, `${blobs}-away`);
  await mkdir(blobs);
  await isHealth(503, 'unavailable');
  await expect(sendPair(user, 'refused')).rejects.toThrow();
  await rm(blobs, { recursive: true });
  await rename(`${blobs}-away`, blobs);
  await isHealth(200, 'ok');
  await sendPair(user, 'taken');
  await until('the call', async () => (await surfaced('away')) === 1, 60_000);
});
