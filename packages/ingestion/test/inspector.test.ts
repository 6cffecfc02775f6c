import { spawnSync } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeWav, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  createInspector,
  type Inspection,
  type Inspector,
  type InspectorOptions,
  type InspectTask,
  MESSAGE_FILES,
} from '../src/index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-inspector-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function startInspector(options: Partial<InspectorOptions> = {}): Inspector {
  const inspector = createInspector({ processes: 2, ...options });
  onTestFinished(() => inspector[Symbol.asyncDispose]());
  return inspector;
}

async function file(
  name: string,
  content: string | Uint8Array,
  read: InspectTask['read'],
): Promise<InspectTask> {
  const path = join(folder, name);
  await writeFile(path, content);
  return { path, ext: name.slice(name.lastIndexOf('.') + 1), sizeBytes: (await stat(path)).size, read };
}

const asJson = { as: 'metadata', format: 'json', isList: false, encoding: null } as const;
const sidecar = (nth: number) => file(`${nth}.json`, JSON.stringify({ nth: `${nth}` }), asJson);
const recording = (nth: number) =>
  file(`${nth}.wav`, makeWav({ seconds: 1 + nth }), { as: 'media', prefixSizes: [] });
const digestOf = async ({ path }: InspectTask) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/** A pipe that nobody writes to: whoever opens it hangs. */
function hangingFile(name: string): InspectTask {
  const path = join(folder, name);
  spawnSync('mkfifo', [path]);
  return { path, ext: 'json', sizeBytes: 0, read: null };
}

/** Children that hang in opening a file, and have for a while. */
async function hangingChildren(): Promise<number[]> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  const pids = children.trim().split(' ').filter(Boolean).map(Number);
  const isHanging = async (pid: number) =>
    (await readFile(`/proc/${pid}/wchan`, 'utf8').catch(() => '')).includes('wait_for_partner');
  const answers = await Promise.all(pids.map(isHanging));
  return pids.filter((_, index) => answers[index]);
}

test('many files are read in few messages, and answered in their order', async () => {
  const inspector = startInspector();
  const tasks = await Promise.all(
    Array.from({ length: MESSAGE_FILES + 8 }, (_, nth) =>
      nth % 2 === 0 ? sidecar(nth) : recording(nth % 5),
    ),
  );
  const results = (await inspector.inspectMany('acme', tasks)) as Inspection[];
  expect(results.map(({ sha256 }) => sha256)).toEqual(await Promise.all(tasks.map(digestOf)));
  results.forEach(({ metadata, media }, nth) => {
    expect(metadata?.records[0]?.fields).toEqual(nth % 2 === 0 ? { nth: `${nth}` } : undefined);
    expect(media?.media?.durationSeconds).toEqual(nth % 2 === 0 ? undefined : 1 + (nth % 5));
  });
  expect(results[1]).toEqual(await inspector.inspect('acme', tasks[1]!));
});

test.each([0, 1, 256 * 1024, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1, 20_000_003])(
  'a file of %i bytes has the digest of all its bytes, and so has the next',
  async (sizeBytes) => {
    const inspector = startInspector({ processes: 1 });
    const large = await file('large.bin', Buffer.alloc(sizeBytes, 'large'), null);
    const [first, second] = await inspector.inspectMany('acme', [large, await recording(0)]);
    expect(first).toMatchObject({ sha256: await digestOf(large), media: null, metadata: null });
    expect(second).toMatchObject({ sha256: await digestOf(await recording(0)), media: { issues: [] } });
  },
);

test.each([1_000, 9 * 1024 * 1024])(
  'the beginning of a recording of %i bytes has a digest at each size that is asked for',
  async (sizeBytes) => {
    const inspector = startInspector({ processes: 1 });
    const bytes = Buffer.concat([makeWav({ seconds: 0.01 }), Buffer.alloc(sizeBytes, 'sound')]);
    const sizes = [700, 1, 44, 256 * 1024, 256 * 1024 + 1, 10_000_000];
    const known = sizes.filter((size) => size < bytes.length).sort((a, b) => a - b);
    const task = await file('parts.wav', bytes, { as: 'media', prefixSizes: sizes });
    const [result] = await inspector.inspectMany('acme', [task]);
    expect(result).toMatchObject({
      sha256: await digestOf(task),
      prefixes: known.map((size) => ({
        sizeBytes: size,
        sha256: hash('sha256', bytes.subarray(0, size), 'hex'),
      })),
    });
  },
);

test('a file whose process dies costs no other file of its message', async () => {
  const inspector = startInspector();
  const tasks = [await sidecar(1), hangingFile('deadly.json'), await recording(2), await sidecar(3)];
  const pending = inspector.inspectMany('acme', tasks);
  // Once with the message, once alone.
  for (let nth = 0; nth < 2; nth += 1) {
    const [pid] = await until('a child hangs', async () => {
      const pids = await hangingChildren();
      return pids.length > 0 ? pids : null;
    });
    process.kill(pid!, 'SIGKILL');
    await until('it is gone', async () => !(await hangingChildren()).includes(pid!));
  }
  const results = await pending;
  expect(results[1]).toMatchObject({ failed: 'died' });
  for (const nth of [0, 2, 3]) {
    expect(results[nth]).toMatchObject({ sha256: await digestOf(tasks[nth]!) });
  }
});

test('a file that takes too long is late, and costs no other file of its message', async () => {
  const inspector = startInspector({ baseLimitMs: 1_000 });
  const tasks = [await sidecar(1), hangingFile('endless.json'), await recording(2)];
  const results = await inspector.inspectMany('acme', tasks);
  expect(results[1]).toMatchObject({ failed: 'late' });
  expect(results[0]).toMatchObject({ sha256: await digestOf(tasks[0]!) });
  expect(results[2]).toMatchObject({ sha256: await digestOf(tasks[2]!) });
});

test('a file that hangs in a store that does not answer is an outage', async () => {
  const inspector = startInspector({
    baseLimitMs: 300,
    checkStore: () => Promise.reject(new Error('the store hangs, too')),
  });
  const endless = hangingFile('hung.json');
  expect(await inspector.inspectMany('acme', [endless])).toMatchObject([{ failed: 'store' }]);
  await expect(inspector.inspect('acme', endless)).rejects.toMatchObject({
    failed: 'store',
    retryable: true,
  });
});

test('bytes that are absent, or fewer or more than were received, are missing where the store answers', async () => {
  const inspector = startInspector();
  const good = await sidecar(1);
  const results = await inspector.inspectMany('acme', [
    { ...good, path: join(folder, 'absent.json') },
    { ...good, sizeBytes: good.sizeBytes + 1 },
    { ...good, sizeBytes: good.sizeBytes - 1 },
    good,
  ]);
  expect(results.map((result) => ('failed' in result ? result.failed : 'read'))).toEqual([
    'missing',
    'missing',
    'missing',
    'read',
  ]);
  await expect(
    inspector.inspect('acme', { ...good, path: join(folder, 'absent.json') }),
  ).rejects.toMatchObject({
    failed: 'missing',
    retryable: false,
  });
});

test('an absent file is an outage where the store is absent, and so is all that a disk refuses', async () => {
  const good = await sidecar(1);
  const without = startInspector({ checkStore: () => Promise.reject(new Error('not mounted')) });
  const absent = { ...good, path: join(folder, 'absent.json') };
  expect(await without.inspectMany('acme', [absent, good])).toMatchObject([
    { failed: 'store' },
    { media: null },
  ]);
  const refused = { ...good, path: join(good.path, 'below-a-file.json') };
  expect(await startInspector().inspectMany('acme', [refused])).toMatchObject([{ failed: 'store' }]);
});

test('a file on which the reading throws is unreadable, and the next is read', async () => {
  const inspector = startInspector();
  const good = await sidecar(1);
  const odd = { ...good, read: { ...asJson, format: 'tar' as 'json' } };
  expect(await inspector.inspectMany('acme', [odd, good])).toMatchObject([
    { failed: 'unreadable' },
    { media: null },
  ]);
});

test('an aborted reading throws the reason', async () => {
  const inspector = startInspector();
  const controller = new AbortController();
  const pending = inspector.inspectMany('acme', [hangingFile('aborted.json')], controller.signal);
  controller.abort(new Error('enough'));
  await expect(pending).rejects.toThrow('enough');
});
