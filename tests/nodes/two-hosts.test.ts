// Two hosts with intake, pipeline and api each, on one Postgres, one queue and one bucket, or one volume where Ceph is missing.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { findFreePort } from '@callbay/embedded';
import { makeKeyPair } from '@callbay/sources';
import {
  clientsOf,
  createTestDatabase,
  INSTALL_RGW,
  isRedisInstalled,
  isRgwInstalled,
  makeWav,
  openSftp,
  startRedis,
  startRgw,
  type TestDatabase,
  until,
} from '@callbay/testkit';
import { expect, onTestFailed, test } from 'vitest';
import { createHost, type Host, mayIsolate, readKey } from './host.ts';
import { relay } from './relay.ts';

/** More of both for a long run. */
const PAIRS = Number(process.env.NODE_PAIRS ?? 20);
const ROWS = Number(process.env.NODE_ROWS ?? 2_000);
/** Rows of the batch whose recordings come; the others wait. */
const ROWS_WITH_MEDIA = 10;
const TENANT = 'shared';
const isIsolated = mayIsolate();
/** Two busy cores have advanced 500 rows a second of a batch. */
const QUIET_MS = 120_000 + ROWS * 4 + PAIRS * 200;

interface File {
  readonly name: string;
  readonly state: string;
}
interface Call {
  readonly callId: number;
  readonly media: { readonly name: string; readonly sha256: string };
}

/** A client of the API on one host. */
function apiOf(host: Host, key: string) {
  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${host.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const listAll = async <T>(path: string): Promise<T[]> => {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: T[]; nextCursor: string | null } = await api(
        'GET',
        `${path}?limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  };
  return { api, listAll };
}

const sidecar = (n: number): string =>
  JSON.stringify({ datetime: '2026-03-02T10:00:00Z', email: `u${n}@x.y`, direction: 'outbound' });
const rowOf = (n: number): string => `2026-03-02T10:00:00Z,u${n}@x.y,outbound,row${n}.wav\n`;

const BUCKET = `nodes-${randomBytes(6).toString('hex')}`;
if (!isRgwInstalled())
  console.warn(`the hosts share a volume, not a bucket: install Ceph with \`${INSTALL_RGW}\``);

/** The bucket that the hosts share: what they are told, and its port. */
async function makeBucket(): Promise<{ env: Record<string, string>; port: number } | null> {
  if (!isRgwInstalled()) return null;
  const rgw = await startRgw();
  const { s3 } = clientsOf(rgw, rgw.own);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  s3.destroy();
  const env = {
    CALLBAY_BLOBS: `s3://${BUCKET}`,
    CALLBAY_S3_ENDPOINT: rgw.endpoint,
    CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
    CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
  };
  return { env, port: Number(new URL(rgw.endpoint).port) };
}

interface World extends AsyncDisposable {
  readonly hosts: readonly [Host, Host];
  readonly database: TestDatabase;
}

async function startWorld(): Promise<World> {
  const resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'callbay-hosts-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const database = resources.use(await createTestDatabase({ isEmpty: true }));
  const redis = isRedisInstalled() ? resources.use(await startRedis()) : null;
  const bucket = await makeBucket();
  const servicePorts = [
    Number(new URL(database.connectionString).port),
    ...(redis === null ? [] : [redis.port]),
    ...(bucket === null ? [] : [bucket.port]),
  ];
  const services = servicePorts.map((port) => ({ port, path: join(folder, `service-${port}`) }));
  for (const { port, path } of services) {
    const shared = await relay({ path }, { port });
    resources.defer(() => shared.cut());
  }
  // As a volume that both have mounted.
  await mkdir(join(folder, 'volume'));
  const env = {
    DATABASE_URL: database.connectionString,
    CALLBAY_SECRET_KEY: randomBytes(32).toString('base64'),
    CALLBAY_LOG_LEVEL: 'info',
    CALLBAY_BIND: '127.0.0.1',
    REDIS_URL: redis?.url ?? '',
    ...bucket?.env,
  };
  const makeHost = async (name: string) => {
    const home = join(folder, name);
    await mkdir(home);
    if (bucket === null) await symlink(join(folder, 'volume'), join(home, 'blobs'));
    const ports = { http: await findFreePort(0), sftp: await findFreePort(0) };
    return resources.use(await createHost({ name, folder, home, isIsolated, ports, services, env }));
  };
  const hosts = [await makeHost('alpha'), await makeHost('beta')] as const;
  return { hosts, database, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

test(
  `two hosts${isIsolated ? '' : ' (homes of one host: namespaces are not permitted here)'} take a customer's files as one, also while one of them dies`,
  async () => {
    await using world = await startWorld();
    const { hosts, database } = world;
    const [alpha, beta] = hosts;
    onTestFailed(() => {
      for (const host of hosts) process.stderr.write(`— ${host.name}\n${host.log().slice(-6_000)}\n`);
    });

    // Both at once on an empty database: one of them migrates, and one makes the operator's key.
    await Promise.all(hosts.map((host) => host.start()));
    const keys = (await Promise.all(hosts.map(({ home }) => readKey(home)))).filter((key) => key !== null);
    expect(keys).toHaveLength(1);
    const [onAlpha, onBeta] = [apiOf(alpha, keys[0]!), apiOf(beta, keys[0]!)];
    await onAlpha.api('POST', '/v1/tenants', { id: TENANT, name: TENANT, timeZone: 'UTC', stage: 'live' });
    const addUser = async () => {
      const pair = makeKeyPair('ed25519');
      const user = await onAlpha.api<{ username: string; keys: { id: string }[] }>(
        'POST',
        `/v1/tenants/${TENANT}/sftp-users`,
        { publicKey: pair.public },
      );
      return { username: user.username, privateKey: pair.private, keyId: user.keys[0]!.id };
    };
    const [user, other] = [await addUser(), await addUser()];

    // Pairs whose halves come to different hosts.
    const sent: string[] = [];
    const stems: string[] = [];
    const onBoth = { alpha: await openSftp(alpha.sftpPort, user), beta: await openSftp(beta.sftpPort, user) };
    for (let n = 0; n < PAIRS; n += 1) {
      const [first, second] = n % 2 === 0 ? [onBoth.alpha, onBoth.beta] : [onBoth.beta, onBoth.alpha];
      await Promise.all([
        first.put(`pair${n}.wav`, makeWav({ seconds: 1, seed: n })),
        second.put(`pair${n}.json`, sidecar(n)),
      ]);
      sent.push(`pair${n}.wav`, `pair${n}.json`);
      stems.push(`pair${n}`);
    }

    // An upload on each, and a batch that both advance, when beta loses its power.
    for (let n = 0; n < ROWS_WITH_MEDIA; n += 1) {
      await onBoth.alpha.put(`row${n}.wav`, makeWav({ seconds: 1, seed: 1_000 + n }));
      sent.push(`row${n}.wav`);
      stems.push(`row${n}`);
    }
    const header = 'datetime,email,direction,filename\n';
    // Its half is more than one part of an upload to a bucket.
    const wav = makeWav({ seconds: 1_100, sampleRate: 16_000, seed: 5_000 });
    const half = Math.floor(wav.length / 2);
    const begin = (on: keyof typeof onBoth, name: string): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const { sftp } = onBoth[on];
        sftp.open(name, 'w', (error, handle) => {
          if (error) return reject(error);
          sftp.write(handle, wav, 0, half, 0, (failed) => (failed ? reject(failed) : resolve(handle)));
        });
      });
    const [handle] = await Promise.all([begin('alpha', 'live.wav'), begin('beta', 'cut.wav')]);
    await onBoth.beta.put('day.csv', header + Array.from({ length: ROWS }, (_, n) => rowOf(n)).join(''));
    sent.push('day.csv');
    await until(
      'a claimed part of the batch',
      async () => (await database.db.query('SELECT FROM batches WHERE claimed_row > 0')).length > 0,
      QUIET_MS,
    );
    const lost = once(onBoth.beta.sftp, 'close');
    await (beta as Host).cut();
    await lost;
    await new Promise<void>((resolve, reject) => {
      const { sftp } = onBoth.alpha;
      sftp.write(handle, wav, half, wav.length - half, half, (error) => {
        if (error) return reject(error);
        sftp.close(handle, (failed) => (failed ? reject(failed) : resolve()));
      });
    });
    await onBoth.alpha.put('live.json', sidecar(1));
    sent.push('live.wav', 'live.json');
    stems.push('live');

    // Power comes back: what was cut off is continued where it had come to.
    await beta.start();
    const again = await openSftp(beta.sftpPort, user);
    const { size } = await again.stat('cut.wav');
    expect(size).toBeGreaterThan(0);
    await again.writeAt('cut.wav', wav.subarray(size), size);
    await again.put('cut.json', sidecar(2));
    sent.push('cut.wav', 'cut.json');
    stems.push('cut');

    // A key that is taken away on one host ends its session on the other, and opens none.
    const held = await openSftp(beta.sftpPort, other);
    const ended = once(held.sftp, 'close');
    await onAlpha.api('DELETE', `/v1/tenants/${TENANT}/sftp-users/${other.username}/keys/${other.keyId}`);
    await ended;
    for (const { sftpPort } of hosts) await expect(openSftp(sftpPort, other)).rejects.toThrow();

    // The ledger: every file once, every call once, every row once, the same from both hosts.
    const path = `/v1/tenants/${TENANT}`;
    await until(
      'every call',
      async () => (await onBeta.listAll<Call>(`${path}/calls`)).length === stems.length,
      QUIET_MS,
    );
    const rows = async (where: string): Promise<number> =>
      (
        await database.db.query<{ n: number }>(
          `SELECT count(*) AS n FROM call_records WHERE is_batch_row ${where}`,
        )
      )[0]!.n;
    await until('every row', async () => (await rows('AND outcome_code IS NOT NULL')) === ROWS, QUIET_MS);
    for (const { listAll } of [onAlpha, onBeta]) {
      const calls = await listAll<Call>(`${path}/calls`);
      expect(calls.map(({ media }) => media.name.replace('.wav', '')).sort()).toEqual([...stems].sort());
      expect(new Set(calls.map(({ callId }) => callId)).size).toBe(calls.length);
      const sha256 = createHash('sha256').update(wav).digest('hex');
      for (const name of ['live.wav', 'cut.wav'])
        expect(calls.find(({ media }) => media.name === name)?.media.sha256).toBe(sha256);
      const files = await listAll<File>(`${path}/files`);
      expect(files.map(({ name }) => name).sort()).toEqual([...sent].sort());
      expect(files.filter(({ state }) => state !== 'done')).toEqual([]);
    }
    expect(await rows('')).toBe(ROWS);
    expect(await rows("AND outcome_code = 'SURFACED'")).toBe(ROWS_WITH_MEDIA);
    const twice = await database.db.query(
      `SELECT call_key FROM outbox WHERE type = 'call.surfaced' GROUP BY call_key HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
    for (const client of [onBoth.alpha, again]) client.kill();
  },
  180_000 + 2 * QUIET_MS,
);
