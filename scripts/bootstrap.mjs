// Makes a clone runnable: installs the locked packages, sees that ssh2's native addon fits the pinned Node,
// and generates the Prisma client. It runs on the host's Node (20 or later) before anything is installed, so it
// uses built-ins only; run twice it does nothing the second time; several at once wait for one another.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const binFolder = join(modules, '.bin');
/** The pinned Node that everything of ours runs on, whatever the host has. */
export const pinnedNode = join(binFolder, process.platform === 'win32' ? 'node.exe' : 'node');
const stampFile = join(modules, '.callbay-bootstrap.json');
const lockFile = join(root, '.bootstrap.lock');
const schemaFile = join(root, 'prisma', 'schema.prisma');
const prismaConfig = join(root, 'prisma', 'prisma.config.ts');
const generated = join(root, 'packages', 'postgres', 'src', 'generated');
const objectWrapIn = (folder) => join(folder, 'packages', 'sources', 'native', 'object-wrap.h');
const ciphers = join(modules, 'ssh2', 'lib', 'protocol', 'crypto', 'build', 'Release', 'sshcrypto.node');
const lockWaitMs = 15 * 60_000;

const say = (message) => process.stderr.write(`[bootstrap] ${message}\n`);

class BootstrapError extends Error {}

function digest(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : 'absent').update('\0');
  return hash.digest('hex');
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // A stamp cut short by a crash is as good as none: the work is done again.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return {};
    throw error;
  }
}

function wanted() {
  const platform = `${process.platform}-${process.arch}`;
  return {
    install: `${platform}-${digest(join(root, 'package-lock.json'), join(root, 'package.json'), objectWrapIn(root))}`,
    client: digest(schemaFile, prismaConfig, join(root, 'package-lock.json')),
  };
}

const isClientMissing = () =>
  existsSync(schemaFile) && (!existsSync(generated) || readdirSync(generated).length === 0);

const isReady = (have, want) =>
  have.install === want.install &&
  existsSync(pinnedNode) &&
  (!existsSync(schemaFile) || (have.client === want.client && !isClientMissing()));

// --- one bootstrap of a clone at a time ---------------------------------------------------------------------

function isAlive(owner) {
  const [pid, host] = owner.split('@');
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readLock() {
  try {
    return { owner: readFileSync(lockFile, 'utf8'), ageMs: Date.now() - statSync(lockFile).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A link is made whole or not at all, so nobody ever reads a lock without its owner. */
function tryLock(mine) {
  const draft = `${lockFile}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes a dead owner's lock away; when another was quicker and we caught its live lock, we put that back. */
function breakLock(owner) {
  const aside = `${lockFile}.stale.${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, 'utf8') !== owner) linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function withLock(work) {
  const mine = `${process.pid}@${hostname()}`;
  const startedAt = Date.now();
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let told = false;
  while (!tryLock(mine)) {
    const held = readLock();
    if (!held) continue;
    if (!isAlive(held.owner) || held.ageMs > lockWaitMs) {
      breakLock(held.owner);
      continue;
    }
    if (Date.now() - startedAt > lockWaitMs) {
      throw new BootstrapError(`${held.owner} still holds ${lockFile}; end it or remove that file`);
    }
    if (!told) say(`waiting for another bootstrap of this clone (${held.owner})`);
    told = true;
    Atomics.wait(pause, 0, 0, 200);
  }
  const unlock = () => rmSync(lockFile, { force: true });
  process.once('exit', unlock);
  try {
    return work();
  } finally {
    process.removeListener('exit', unlock);
    unlock();
  }
}

// --- installing ---------------------------------------------------------------------------------------------

/**
 * Runs `work` with a path to `folder` that compilers' tools can take: gyp quotes no include path, so that a folder with
 * a space in its path is reached through a link that has none. Where no link can be made, with `folder` itself.
 */
export function throughPlainPath(folder, work) {
  if (/^[\w./:\\~-]+$/.test(folder)) return work(folder);
  const aside = mkdtempSync(join(tmpdir(), 'callbay-build-'));
  const link = join(aside, 'clone');
  try {
    try {
      symlinkSync(folder, link, 'dir');
    } catch {
      return work(folder);
    }
    return work(link);
  } finally {
    if (existsSync(link)) unlinkSync(link);
    rmSync(aside, { recursive: true, force: true });
  }
}

function environment(at = root) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return {
    ...process.env,
    // ssh2's addon is built against these headers; with the host's it would silently not load under our Node.
    npm_config_nodedir: join(at, 'node_modules', 'node', 'node_modules', `node-${platform}-${process.arch}`),
    // Compiled against Node's own ObjectWrap the addon can abort the process: docs/adr/0007-object-wrap-of-our-own.md.
    CXXFLAGS: `${process.env.CXXFLAGS ?? ''} -include "${objectWrapIn(at)}"`.trim(),
    npm_config_update_notifier: 'false',
    // A production environment would leave out the very tools that start us.
    NODE_ENV: '',
    npm_config_omit: '',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts', 'prisma-schema-engine.mjs'),
  };
}

const pinnedEnvironment = (at = root) => ({
  ...environment(at),
  PATH: `${binFolder}${delimiter}${process.env.PATH ?? ''}`,
});

function run(command, args, env, stdio = ['ignore', 2, 2]) {
  return spawnSync(command, args, { cwd: root, env, stdio, maxBuffer: 64 * 1024 * 1024 });
}

function npm(args, env, stdio) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js')
    ? run(process.execPath, [cli, ...args], env, stdio)
    : run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, env, stdio);
}

/**
 * Whether the node_modules of `folder` already holds what its lock file asks for, as after `npm install`: then wiping
 * it, under the feet of whoever works in this clone, would gain nothing.
 */
export function holdsLockedPackages(folder) {
  const lock = readJson(join(folder, 'package-lock.json')).packages ?? {};
  const present = readJson(join(folder, 'node_modules', '.package-lock.json')).packages;
  if (!present) return false;
  return Object.entries(lock).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    // A package of the workspace needs its link and nothing else.
    if (entry.link === true) return existsSync(join(folder, path, 'package.json'));
    const there = present[path];
    if (!there) return entry.optional === true || entry.devOptional === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

function installPackages() {
  if (!existsSync(join(root, 'package-lock.json'))) throw new BootstrapError('package-lock.json is missing');
  if (existsSync(pinnedNode) && holdsLockedPackages(root)) return;
  say('installing packages (about half a minute the first time)');
  const result = throughPlainPath(root, (at) =>
    npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], environment(at)),
  );
  if (result.status !== 0) {
    const why = result.error?.message ?? result.signal ?? `exit code ${result.status}`;
    throw new BootstrapError(`npm ci failed (${why}); its own words are above`);
  }
}

/** Whether ssh2's addon is there, loads, and is free of the destructor that aborts: see sftp/ssh2.ts. */
function hasAddon() {
  if (existsSync(ciphers) && readFileSync(ciphers).includes('RemoveEnvironmentCleanupHook')) return false;
  const probe = "process.exit(require('ssh2/lib/protocol/crypto.js').bindingAvailable ? 0 : 3)";
  return run(pinnedNode, ['-e', probe], pinnedEnvironment(), 'ignore').status === 0;
}

function ensureAddon() {
  if (hasAddon()) return;
  const rebuild = ['rebuild', 'ssh2', 'cpu-features', '--loglevel=error'];
  const result = throughPlainPath(root, (at) =>
    npm(rebuild, pinnedEnvironment(at), ['ignore', 'pipe', 'pipe']),
  );
  if (hasAddon()) return;
  say(
    'WARNING: the native SSH addon of ssh2 could not be built, so SFTP transfers will be several times slower.',
  );
  say(
    'WARNING: install a C++ compiler, make and python3, then run: rm -rf node_modules && npm run bootstrap',
  );
  if (process.env.CALLBAY_BOOTSTRAP_VERBOSE) say(String(result.stderr ?? result.error?.message ?? ''));
}

function generateClient() {
  if (!existsSync(schemaFile)) return;
  const cli = join(modules, 'prisma', 'build', 'index.js');
  const args = [cli, 'generate', '--config', prismaConfig];
  const result = run(pinnedNode, args, pinnedEnvironment(), ['ignore', 'pipe', 'pipe']);
  if (result.status !== 0) {
    say(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    throw new BootstrapError('prisma generate failed; its own words are above');
  }
}

function prepare() {
  const want = wanted();
  // Another bootstrap may have done it all while we waited for the lock.
  const have = readJson(stampFile);
  if (isReady(have, want)) return;
  const isFresh = have.install === want.install && existsSync(pinnedNode);
  if (!isFresh) {
    installPackages();
    ensureAddon();
  }
  if (!isFresh || have.client !== want.client || isClientMissing()) generateClient();
  mkdirSync(modules, { recursive: true });
  const draft = `${stampFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(want));
  renameSync(draft, stampFile);
}

/** Brings the clone up to its lock file and schema. Throws a BootstrapError whose message names the fix. */
export function bootstrap() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new BootstrapError(`Node ${process.versions.node} is too old: install Node 20 or later`);
  }
  if (isReady(readJson(stampFile), wanted())) return;
  withLock(prepare);
}

/** Runs `work`, turning a BootstrapError into one line and exit code 1. */
export function orExplain(work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) orExplain(bootstrap);
