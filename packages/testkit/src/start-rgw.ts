import { execFile, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '@callbay/embedded';
import { inject } from 'vitest';
import { until } from './until.ts';

const run = promisify(execFile);

export interface RgwUser {
  readonly name: string;
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real S3 server: Ceph's object gateway on one node. It enforces signatures and policies; it has no STS, IAM and SQS. */
export interface TestRgw extends AsyncDisposable {
  readonly endpoint: string;
  /** Whose buckets they are. */
  readonly own: RgwUser;
  /** A user of its own, whose name begins with this. */
  makeUser(name: string): Promise<RgwUser>;
}

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool'];

/** Whether this host has Ceph; tests on buckets skip, and say so, where it has none. */
export const isRgwInstalled = (): boolean =>
  PROGRAMS.every((program) => spawnSync('which', [program]).status === 0);

/** How to install it, for whoever sees tests skipped. */
export const INSTALL_RGW = 'apt-get install ceph-mon ceph-osd radosgw';

const settingsOf = (
  folder: string,
  id: string,
  ports: { mon: number; mon1: number; http: number },
): string => `
[global]
fsid = ${id}
mon host = [v2:127.0.0.1:${ports.mon},v1:127.0.0.1:${ports.mon1}]
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = ${folder}/keyring
public addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
mon pg warn min per osd = 0
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
log file = ${folder}/log/$name.log
pid file = ${folder}/run/$name.pid
[mon]
keyring = ${folder}/mon.keyring
mon data = ${folder}/mon
mon initial members = a
[osd]
keyring = ${folder}/osd/keyring
osd data = ${folder}/osd
osd objectstore = bluestore
bluestore block create = true
bluestore block size = 21474836480
bluestore cache size = 134217728
osd memory target = 939524096
osd numa auto affinity = false
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${ports.http}
rgw data = ${folder}/rgw
rgw enable usage log = false
rgw dns name = localhost
`;

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's own server rests, once a test has started it. */
    callbayRgw: { folder: string };
  }
}

/**
 * The server of the run, which the first test that asks starts on free ports in 17 s, or the one whose folder `CALLBAY_TEST_RGW`
 * names, which then stays. Only root may start it. Tests share it: each makes buckets of its own.
 */
export async function startRgw(): Promise<TestRgw> {
  const given = process.env.CALLBAY_TEST_RGW;
  if (given !== undefined) return connectTo(given, async () => {});
  const { folder } = inject('callbayRgw');
  await until(
    'another test file has started the object gateway',
    async () => {
      if (await readFile(join(folder, READY), 'utf8').catch(() => null)) return true;
      if (!(await takeTurn(folder))) return false;
      await startIn(folder);
      await writeFile(join(folder, READY), 'ready');
      return true;
    },
    STARTED_WITHIN_MS,
  );
  return connectTo(folder, async () => {});
}

/** One for a test that stops it; it takes 17 s. */
export async function startOwnRgw(): Promise<
  TestRgw & { stopGateway(): Promise<void>; startGateway(): Promise<void> }
> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-rgw-'));
  try {
    await startIn(folder);
  } catch (error) {
    await stopRgwIn(folder);
    throw error;
  }
  return {
    ...(await connectTo(folder, () => stopRgwIn(folder))),
    stopGateway: () => endProcesses(folder, [GATEWAY]),
    startGateway: () => startGateway(folder),
  };
}

const READY = 'ready';
const STARTED_WITHIN_MS = 120_000;
const GATEWAY = 'client.rgw.a';

/** Whether this process is the one that starts it. */
async function takeTurn(folder: string): Promise<boolean> {
  const made = await mkdir(join(folder, 'starting')).catch((error: NodeJS.ErrnoException) => error);
  if (made === undefined) return true;
  if (made.code === 'EEXIST') return false;
  throw made;
}

async function startIn(folder: string): Promise<void> {
  for (const name of ['mon', 'osd', 'rgw', 'run', 'log']) await mkdir(join(folder, name));
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const ports = { mon: await findFreePort(0), mon1: await findFreePort(0), http: await findFreePort(0) };
  const conf = join(folder, 'ceph.conf');
  await writeFile(conf, settingsOf(folder, fsid, ports));
  const [keyring, monKeyring] = [join(folder, 'keyring'), join(folder, 'mon.keyring')];
  const osdKeyring = join(folder, 'osd', 'keyring');
  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  await run('ceph-authtool', [
    '--create-keyring',
    monKeyring,
    '--gen-key',
    '-n',
    'mon.',
    '--cap',
    'mon',
    'allow *',
  ]);
  await run('ceph-authtool', [
    '--create-keyring',
    keyring,
    '--gen-key',
    '-n',
    'client.admin',
    ...all,
    '--cap',
    'mgr',
    'allow *',
  ]);
  await run('ceph-authtool', [keyring, '--gen-key', '-n', 'client.rgw.a', ...all]);
  await run('ceph-authtool', [monKeyring, '--import-keyring', keyring]);
  const address = `[v2:127.0.0.1:${ports.mon},v1:127.0.0.1:${ports.mon1}]`;
  const map = join(folder, 'monmap');
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', address, map]);
  await run('ceph-mon', ['-c', conf, '--mkfs', '-i', 'a', '--monmap', map, '--keyring', monKeyring]);
  await run('ceph-mon', ['-c', conf, '-i', 'a']);
  await run('ceph', ['-c', conf, 'osd', 'new', osd]);
  await run('ceph-authtool', ['--create-keyring', osdKeyring, '--gen-key', '-n', 'osd.0']);
  const caps = ['mon', 'allow profile osd', 'osd', 'allow *', 'mgr', 'allow profile osd'];
  await run('ceph', ['-c', conf, 'auth', 'add', 'osd.0', ...caps, '-i', osdKeyring]);
  await run('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd]);
  await run('ceph', ['-c', conf, 'osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=localhost']);
  await run('ceph-osd', ['-c', conf, '-i', '0']);
  await startGateway(folder);
  await makeUserIn(folder, 'app', { accessKeyId: 'appkey', secretAccessKey: 'appsecret' });
}

const endpointOf = (conf: string): string =>
  `http://127.0.0.1:${/endpoint=127\.0\.0\.1:(\d+)/.exec(conf)?.[1]}`;

async function startGateway(folder: string): Promise<void> {
  const conf = join(folder, 'ceph.conf');
  await run('radosgw', ['-c', conf, '-n', GATEWAY]);
  const endpoint = endpointOf(await readFile(conf, 'utf8'));
  await until(
    'the object gateway answers',
    () =>
      fetch(endpoint).then(
        (r) => r.ok,
        () => false,
      ),
    60_000,
  );
}

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends the processes that wrote their ids in the folder. */
async function endProcesses(folder: string, names: readonly string[]): Promise<void> {
  const ids: number[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, 'run', `${name}.pid`), 'utf8').catch(() => '');
    if (Number(text) > 0) ids.push(Number(text));
  }
  for (const id of ids) if (isRunning(id)) process.kill(id, 'SIGKILL');
  await until('the processes of Ceph end', async () => !ids.some(isRunning));
}

/** Ends a server and removes its folder. Fine where none was started there. */
export async function stopRgwIn(folder: string): Promise<void> {
  await endProcesses(folder, [GATEWAY, 'osd.0', 'mon.a']);
  await rm(folder, { recursive: true, force: true });
}

async function makeUserIn(
  folder: string,
  name: string,
  keys: Pick<RgwUser, 'accessKeyId' | 'secretAccessKey'>,
): Promise<RgwUser> {
  const { accessKeyId, secretAccessKey } = keys;
  await run('radosgw-admin', [
    ...['-c', join(folder, 'ceph.conf'), '-n', 'client.rgw.a', 'user', 'create'],
    ...[`--uid=${name}`, `--display-name=${name}`],
    ...[`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`],
  ]);
  return { name, arn: `arn:aws:iam:::user/${name}`, accessKeyId, secretAccessKey };
}

async function connectTo(folder: string, stop: () => Promise<void>): Promise<TestRgw> {
  const conf = await readFile(join(folder, 'ceph.conf'), 'utf8');
  return {
    endpoint: endpointOf(conf),
    own: { name: 'app', arn: 'arn:aws:iam:::user/app', accessKeyId: 'appkey', secretAccessKey: 'appsecret' },
    makeUser: (name) => {
      const unique = `${name}${randomBytes(4).toString('hex')}`;
      return makeUserIn(folder, unique, { accessKeyId: `${unique}key`, secretAccessKey: `${unique}secret` });
    },
    [Symbol.asyncDispose]: stop,
  };
}
