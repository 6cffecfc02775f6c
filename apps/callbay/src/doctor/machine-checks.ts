import { once } from 'node:events';
import { constants, type Stats } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { judgeSpace } from '@callbay/core';
import { isPortFree } from '@callbay/embedded';
import { type Config, homeMode } from '@callbay/runtime';
import { nativeCiphers } from '@callbay/sources';
import { httpAddress, ownFetch } from '../own-server.ts';
import { findServing } from '../supervisor/home.ts';
import { reachableHost } from '../supervisor/ports.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const GIB = 2 ** 30;
const COMFORTABLE_FREE_BYTES = 20 * GIB;
const OLDEST_NODE_MAJOR = 22;

export function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const sentence = `Node ${process.versions.node} runs Callbay.`;
  return major >= OLDEST_NODE_MAJOR
    ? ok('node', sentence)
    : fail('node', sentence, 'Start it through npm or scripts/callbay, which bring Node 24.');
}

/** ssh2 works without its native addon, at a fraction of the speed. */
export function checkAddon(): Finding {
  const fix = 'Install a C++ compiler, make and python3, then: rm -rf node_modules && npm run bootstrap';
  switch (nativeCiphers) {
    case 'safe':
      return ok('ssh addon', 'The native SSH addon is loaded.');
    case 'absent':
      return warn('ssh addon', 'The native SSH addon is missing, so SFTP is several times slower.', fix);
    case 'unsafe':
      return warn(
        'ssh addon',
        'The native SSH addon was built without our object-wrap.h and is not used, so SFTP is several times slower.',
        fix,
      );
  }
}

/** Null for what does not exist. Rejects where that stays unknown. */
async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function nearestFolder(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    // Missing, or below a folder that this user may not enter: the check of the folder found above says which.
    return dirname(path) === path ? path : nearestFolder(dirname(path));
  }
}

/** Names of tenants and files are for nobody else to see, nor is an upload that is not whole yet. */
async function judgeHomeMode(home: string): Promise<Finding> {
  const found = await statIfThere(home);
  if (found === null || (found.mode & 0o777 & ~homeMode) === 0) return ok('home', `${home} can be written.`);
  return warn(
    'home',
    `${home} can be read by other users of this machine.`,
    `chmod ${homeMode.toString(8)} ${home}, or run \`callbay doctor --fix\`.`,
  );
}

async function checkSpace(folder: string, setBytes: number | null): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const space = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  const free = `${(space.freeBytes / GIB).toFixed(1)} GiB are free below CALLBAY_HOME.`;
  const fix = 'Free disk space, or move CALLBAY_HOME to a larger disk.';
  if (judgeSpace(space, setBytes) === 'full') return fail('disk', `${free} Uploads are refused.`, fix);
  return space.freeBytes < COMFORTABLE_FREE_BYTES ? warn('disk', free, fix) : ok('disk', free);
}

export async function checkHome(config: Config): Promise<Finding[]> {
  const folder = await nearestFolder(config.home);
  const findings: Finding[] = [];
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    findings.push(await judgeHomeMode(config.home));
  } catch (error) {
    findings.push(
      fail(
        'home',
        `${folder} cannot be written by this user (${(error as NodeJS.ErrnoException).code}).`,
        'Give it to this user, or set CALLBAY_HOME elsewhere.',
      ),
    );
  }
  findings.push(await checkSpace(folder, config.diskFloorBytes));
  return findings;
}

/** Files that hold credentials must be their owner's alone. */
export async function checkSecretFiles(config: Config): Promise<Finding> {
  for (const file of [config.secretKeyFile, config.operatorKeyFile]) {
    let found: Stats | null;
    try {
      found = await statIfThere(file);
    } catch (error) {
      return fail(
        'secret files',
        `Who can read ${file} is unknown: it cannot be looked at (${(error as NodeJS.ErrnoException).code}).`,
        'Run `callbay doctor` as the user that Callbay runs as, and let that user enter the folders above the file.',
      );
    }
    if (found && (found.mode & 0o077) !== 0) {
      return fail(
        'secret files',
        `${file} can be read by others.`,
        `chmod 600 ${file}, and rotate what it holds.`,
      );
    }
  }
  return ok('secret files', 'Keys are readable by their owner alone.');
}

const PROBE_MS = 2_000;

/** Whether a role of ours that runs without `callbay up`, as in a container, listens there. */
async function isCallbayOn(config: Config, variable: string, port: number): Promise<boolean> {
  try {
    if (variable === 'CALLBAY_SFTP_PORT')
      return (await readGreeting(reachableHost(config.bind), port)).startsWith('SSH-2.0-Callbay');
    const signal = AbortSignal.timeout(PROBE_MS);
    const response = await ownFetch(config)(`${httpAddress(config, port)}/health/live`, { signal });
    return response.ok && ((await response.json()) as { status?: unknown }).status === 'ok';
  } catch {
    // Whatever does not answer as Callbay does is a stranger to whom the port belongs.
    return false;
  }
}

/** What a server says first; empty where it says nothing in time. */
async function readGreeting(host: string, port: number): Promise<string> {
  const socket = connect({ host: host.replace(/[[\]]/g, ''), port });
  try {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(PROBE_MS) })) as [Buffer];
    return chunk.toString('latin1');
  } finally {
    socket.destroy();
  }
}

export async function checkPorts(config: Config): Promise<Finding[]> {
  if ((await findServing(config.home)) !== null) return [ok('ports', 'Callbay itself listens on them.')];
  const wishes = [
    ...(config.roles.includes('api') ? [['CALLBAY_HTTP_PORT', config.http] as const] : []),
    ...(config.roles.includes('intake') ? [['CALLBAY_SFTP_PORT', config.sftp] as const] : []),
  ];
  const findings: Finding[] = [];
  for (const [variable, { port, isPortChosen }] of wishes) {
    if (await isPortFree(port, config.bind)) {
      findings.push(ok('ports', `Port ${port} is free.`));
      continue;
    }
    if (await isCallbayOn(config, variable, port)) {
      findings.push(ok('ports', `Callbay itself listens on port ${port}.`));
      continue;
    }
    const sentence = `Port ${port} on ${config.bind} is taken.`;
    const fix = `Stop what listens there, or set ${variable} to another port.`;
    findings.push(
      isPortChosen ? fail('ports', sentence, fix) : warn('ports', `${sentence} Another will be used.`, fix),
    );
  }
  return findings;
}
