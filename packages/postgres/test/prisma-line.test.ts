import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** Files that a file of ours reaches by relative imports, itself included. */
function reachOf(start: string): Set<string> {
  const reached = new Set<string>();
  const open = [join(SRC, start)];
  for (let path = open.pop(); path; path = open.pop()) {
    if (reached.has(path) || path.includes('/generated/')) continue;
    reached.add(path);
    for (const [, target] of readFileSync(path, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
      open.push(join(dirname(path), target!));
    }
  }
  return new Set([...reached].map((path) => relative(SRC, path)));
}

test.for(['pipeline-stores.ts', 'drop/file-receiver.ts', 'drop/drop-view.ts', 'access/sftp-accounts.ts'])(
  '%s, on the path of each file, asks in SQL and never through the Prisma client',
  (start) => {
    const reached = reachOf(start);
    expect(reached.size).toBeGreaterThan(3);
    expect([...reached]).not.toContain('database/read-prisma.ts');
  },
);

test('a store of the API reads through the Prisma client', () => {
  expect([...reachOf('tenants/tenant-store.ts')]).toContain('database/read-prisma.ts');
});
