import { makeKeyPair } from '@callbay/sources';
import { makeWav, openSftp, type RunningProduct, startProduct, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The product as it is started, in processes of its own: a newcomer has HTTP and an SFTP client, nothing else.
let product: RunningProduct;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product[Symbol.asyncDispose]());

interface SampleSeen {
  readonly format: string;
  readonly delimiter: string;
  readonly fields: { readonly name: string; readonly type: string; readonly ambiguous?: string[] }[];
  readonly suggestion: { readonly fields: { target: string; source: string }[]; readonly options: object };
  readonly issues: { readonly code: string; readonly at: string | null }[];
}

interface FileSeen {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly outcome: { readonly code: string; readonly message: string } | null;
}

interface CallSeen {
  readonly callId: number;
  readonly revision: number;
  readonly startedAt: string;
  readonly direction: string;
  readonly user: string;
  readonly durationSeconds: number;
  readonly mappingVersion: number;
  readonly fields: Record<string, unknown>;
  readonly media: { readonly name: string };
}

const tenant = '/v1/tenants/newcomer';

async function sendSample(name: string, text: string): Promise<SampleSeen> {
  const response = await fetch(`${product.url}${tenant}/mapping-samples?kind=call&name=${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${product.key}`, 'content-type': 'text/csv' },
    body: text,
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as SampleSeen;
}

const fileNamed = async (name: string, code: string): Promise<FileSeen> =>
  until(`${name} to be ${code}`, async () => {
    const { items } = await product.api<{ items: FileSeen[] }>('GET', `${tenant}/files?name=${name}`);
    return items.find((file) => file.outcome?.code === code) ?? null;
  });

const OLD = 'Call Time;Agent;Call Direction;Audio File;Talk Time;Deal Amount\n';
const oldRow = (n: number): string =>
  `05/${13 + n}/2026 6:15:45 PM;joe@acme.test;Outgoing;c${n}.wav;00:01:35;1200.50\n`;
const NEW = 'Started;Rep;Way;Recording;Talk Seconds;Deal Amount\n';
const newRow = (n: number): string =>
  `2026-05-${13 + n} 18:15:45;joe@acme.test;Outgoing;c${n}.wav;95;1200.50\n`;

test('a newcomer with HTTP and an SFTP client sets a tenant up, changes the file structure, and loses nothing', async () => {
  const { api, sftpPort } = product;
  await api('POST', '/v1/tenants', {
    id: 'newcomer',
    name: 'Newcomer',
    timeZone: 'America/New_York',
    stage: 'live',
  });
  const pair = makeKeyPair('ed25519');
  const user = await api<{ username: string }>('POST', `${tenant}/sftp-users`, { publicKey: pair.public });

  const sample = await sendSample('calls.csv', OLD + oldRow(0) + oldRow(1));
  expect(sample).toMatchObject({ format: 'csv', delimiter: ';', issues: [] });
  expect(sample.suggestion.fields.map(({ source, target }) => [source, target])).toEqual([
    ['Call Time', 'startedAt'],
    ['Agent', 'user'],
    ['Call Direction', 'direction'],
    ['Audio File', 'filename'],
    ['Talk Time', 'durationSeconds'],
    ['Deal Amount', 'opportunityAmount'],
  ]);
  const mapping = sample.suggestion;
  const tried = await api<{ sample: { counts: object } }>('POST', `${tenant}/mappings/call/preview`, {
    mapping,
    sample: { name: 'calls.csv', text: OLD + oldRow(0) },
  });
  expect(tried.sample.counts).toEqual({ accepted: 1, held: 0, rejected: 0, ignored: 0 });
  expect(await api('PUT', `${tenant}/mappings/call`, mapping)).toMatchObject({ version: 2 });

  await using client = await openSftp(sftpPort, { username: user.username, privateKey: pair.private });
  await client.put('c1.wav', makeWav({ seconds: 1, seed: 1 }));
  await client.put('c1.csv', OLD + oldRow(1));
  await fileNamed('c1.csv', 'SURFACED');
  const [first] = await product.listAll<CallSeen>(`${tenant}/calls`);
  expect(first).toMatchObject({
    callId: 1,
    startedAt: '2026-05-14T22:15:45.000Z',
    direction: 'outbound',
    user: 'joe@acme.test',
    durationSeconds: 95,
    mappingVersion: 2,
    media: { name: 'c1.wav' },
    fields: { opportunityAmount: 1200.5 },
  });

  await client.put('c2.wav', makeWav({ seconds: 1, seed: 2 }));
  await client.put('c2.csv', NEW + newRow(2));
  const drifted = await fileNamed('c2.csv', 'SCHEMA_DRIFT');
  expect(drifted.state).toBe('rejected');

  const next = await sendSample('calls.csv', NEW + newRow(2) + newRow(3));
  // `Way` is no name of a direction, but `Outgoing` is one.
  expect(next.issues).toEqual([]);
  const draft = next.suggestion;
  const previewed = await api<{ files: { newlyReleased: object[]; newlyRejected: object[] } }>(
    'POST',
    `${tenant}/mappings/call/preview`,
    { mapping: draft, lastFiles: 10 },
  );
  expect(previewed.files.newlyReleased).toMatchObject([{ fileId: drifted.id, code: 'SCHEMA_DRIFT' }]);
  expect(previewed.files.newlyRejected).toMatchObject([{ name: 'c1.csv', code: 'SCHEMA_DRIFT' }]);
  expect(await api('PUT', `${tenant}/mappings/call`, draft)).toMatchObject({ version: 3 });

  const replay = await api('POST', `${tenant}/replays`, { code: 'SCHEMA_DRIFT' });
  expect(replay).toMatchObject({ replayed: 1, skipped: 0, nextCursor: null });
  await fileNamed('c2.csv', 'SURFACED');
  const calls = await product.listAll<CallSeen>(`${tenant}/calls`);
  const second = calls.find(({ callId }) => callId === 2);
  expect(second).toMatchObject({
    startedAt: '2026-05-15T22:15:45.000Z',
    direction: 'outbound',
    durationSeconds: 95,
    mappingVersion: 3,
    fields: { opportunityAmount: 1200.5 },
  });
  // The earlier call stays as it was published.
  expect(calls.find(({ callId }) => callId === 1)).toMatchObject({ revision: 1, mappingVersion: 2 });
}, 120_000);
