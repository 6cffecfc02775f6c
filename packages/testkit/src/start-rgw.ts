import { execFile, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '@callbay/embedded';
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

/**
 * Starts one on free ports, which takes 17 s, or uses the one whose folder `CALLBAY_TEST_RGW` names, which then stays. Only root
 * may start it.
 */
export async function startRgw(): Promise<TestRgw> {
  const given = process.env.CALLBAY_TEST_RGW;
  if (given !== undefined) return connectTo(given, async () => {});
  const folder = await mkdtemp(join(tmpdir(), 'callbay-rgw-'));
  try {
    await startIn(folder);
  } catch (error) {
    await stopIn(folder);
    throw error;
  }
  return connectTo(folder, () => stopIn(folder));
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
  await run('radosgw', ['-c', conf, '-n', 'client.rgw.a']);
  const endpoint = `http://127.0.0.1:${ports.http}`;
  await until(
    'the object gateway answers',
    () =>
      fetch(endpoint).then(
        (r) => r.ok,
        () => false,
      ),
    60_000,
  );
  await makeUserIn(folder, 'app', { accessKeyId: 'appkey', secretAccessKey: 'appsecret' });
}

/** Ends the processes that wrote their ids in the folder, and removes the folder. */
async function stopIn(folder: string): Promise<void> {
  const names = ['client.rgw.a', 'osd.0', 'mon.a'];
  const ids: number[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, 'run', `${name}.pid`), 'utf8').catch(() => '');
    if (Number(text) > 0) ids.push(Number(text));
  }
  const isRunning = (id: number): boolean => {
    try {
      process.kill(id, 0);
      return true;
    } catch {
      return false;
    }
  };
  for (const id of ids) if (isRunning(id)) process.kill(id, 'SIGKILL');
  await until('the processes of Ceph end', async () => !ids.some(isRunning));
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
  const port = /endpoint=127\.0\.0\.1:(\d+)/.exec(conf)?.[1];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    own: { name: 'app', arn: 'arn:aws:iam:::user/app', accessKeyId: 'appkey', secretAccessKey: 'appsecret' },
    makeUser: (name) => {
      const unique = `${name}${randomBytes(4).toString('hex')}`;
      return makeUserIn(folder, unique, { accessKeyId: `${unique}key`, secretAccessKey: `${unique}secret` });
    },
    [Symbol.asyncDispose]: stop,
  };
}
