import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFreePort } from './ports.ts';

const run = promisify(execFile);

export interface GatewayUser {
  readonly name: string;
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool'];

/** Whether this host has Ceph's object gateway: a real S3 server. */
export const isGatewayInstalled = (): boolean =>
  PROGRAMS.every((program) => spawnSync('which', [program]).status === 0);

/** How to install it on Debian and Ubuntu. */
export const INSTALL_GATEWAY = 'apt-get install ceph-mon ceph-osd radosgw';

/** Whose buckets they are. */
export const GATEWAY_OWNER: GatewayUser = {
  name: 'app',
  arn: 'arn:aws:iam:::user/app',
  accessKeyId: 'appkey',
  secretAccessKey: 'appsecret',
};

const GATEWAY = 'client.rgw.a';
const DAEMONS = ['osd.0', 'mon.a'];
const ANSWERS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 20_000;

async function until(what: string, limitMs: number, ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await pause(20);
  }
}

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
 * Starts Ceph's monitor, its store and its object gateway in an empty folder, on free ports of the loopback. It takes 17 s, and only
 * root may do it. Throws where a program fails; `endGatewayIn` then ends what was started.
 */
export async function startGatewayIn(folder: string): Promise<void> {
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
  await resumeGateway(folder);
  await makeGatewayUser(folder, GATEWAY_OWNER);
}

const endpointOf = (conf: string): string =>
  `http://127.0.0.1:${/endpoint=127\.0\.0\.1:(\d+)/.exec(conf)?.[1]}`;

/** Where the server of the folder answers. */
export const readGatewayEndpoint = async (folder: string): Promise<string> =>
  endpointOf(await readFile(join(folder, 'ceph.conf'), 'utf8'));

/** Starts the gateway again after `killGateway`, on the same port. */
export async function resumeGateway(folder: string): Promise<void> {
  await run('radosgw', ['-c', join(folder, 'ceph.conf'), '-n', GATEWAY]);
  const endpoint = await readGatewayEndpoint(folder);
  await until('the object gateway answers', ANSWERS_WITHIN_MS, () =>
    fetch(endpoint).then(
      ({ ok }) => ok,
      // Refused while it starts.
      () => false,
    ),
  );
}

const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    // No process has this id.
    return false;
  }
};

/** Ends the processes that wrote their ids in the folder. */
async function endProcesses(folder: string, names: readonly string[]): Promise<void> {
  const ids: number[] = [];
  for (const name of names) {
    // One that never started has left no id.
    const text = await readFile(join(folder, 'run', `${name}.pid`), 'utf8').catch(() => '');
    if (Number(text) > 0) ids.push(Number(text));
  }
  for (const id of ids) if (isRunning(id)) process.kill(id, 'SIGKILL');
  await until('the processes of Ceph end', ENDS_WITHIN_MS, async () => !ids.some(isRunning));
}

/** Ends the gateway with SIGKILL; its objects stay. */
export const killGateway = (folder: string): Promise<void> => endProcesses(folder, [GATEWAY]);

/** Ends a server and removes its folder. Fine where none was started there. */
export async function endGatewayIn(folder: string): Promise<void> {
  await endProcesses(folder, [GATEWAY, ...DAEMONS]);
  await rm(folder, { recursive: true, force: true });
}

/** Makes a user with a key of its own, as an operator does who lets a customer in. */
export async function makeGatewayUser(
  folder: string,
  { name, accessKeyId, secretAccessKey }: Omit<GatewayUser, 'arn'>,
): Promise<GatewayUser> {
  await run('radosgw-admin', [
    ...['-c', join(folder, 'ceph.conf'), '-n', GATEWAY, 'user', 'create'],
    ...[`--uid=${name}`, `--display-name=${name}`],
    ...[`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`],
  ]);
  return { name, arn: `arn:aws:iam:::user/${name}`, accessKeyId, secretAccessKey };
}
