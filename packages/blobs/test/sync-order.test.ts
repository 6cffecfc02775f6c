import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

test.skipIf(!canTrace)(
  'a file is renamed, then its bytes and its folder are synced, and only then it counts as stored (skipped without strace)',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'callbay-sync-order-'));
    try {
      const trace = join(root, 'trace');
      const script = join(import.meta.dirname, 'fixtures', 'put-once.ts');
      const calls = 'trace=rename,renameat,renameat2,fdatasync,fsync,write';
      // -y names the file of a descriptor. One trace of all threads shows their calls in one order.
      const traced = spawnSync('strace', [
        '-f',
        '-y',
        '-s',
        '40',
        '-e',
        calls,
        '-o',
        trace,
        process.execPath,
        script,
        root,
      ]);
      expect(traced.status, traced.stderr.toString()).toBe(0);
      const lines = (await readFile(trace, 'utf8')).split('\n');
      const folder = join(root, 'blobs', 'acme', 'xy');
      const indexOf = (pattern: RegExp): number => {
        const at = lines.findLastIndex((line) => pattern.test(line));
        expect(at, String(pattern)).toBeGreaterThanOrEqual(0);
        return at;
      };
      const renamed = indexOf(/ rename(at2?)?\(.*second/);
      const ends = [
        endOf(lines, indexOf(new RegExp(` fdatasync\\(\\d+<${folder}/blob-second-xy>`))),
        endOf(lines, indexOf(new RegExp(` fsync\\(\\d+<${folder}>`))),
      ];
      const stored = indexOf(/write\(.*stored second/);
      for (const start of [indexOf(/ fdatasync\(.*second/), indexOf(new RegExp(` fsync\\(\\d+<${folder}>`))])
        expect(start).toBeGreaterThan(renamed);
      for (const end of ends) expect(end).toBeLessThan(stored);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
);

/** Where a call that began in one line ended: a call that another thread's interrupts in the trace is resumed later. */
function endOf(lines: readonly string[], start: number): number {
  const line = lines[start] ?? '';
  if (!line.includes('<unfinished ...>')) return start;
  const [thread = '', name = ''] = /^(\d+)\s+(\w+)/.exec(line)?.slice(1) ?? [];
  return lines.findIndex(
    (later, at) => at > start && later.startsWith(thread) && later.includes(`<... ${name} resumed>`),
  );
}
