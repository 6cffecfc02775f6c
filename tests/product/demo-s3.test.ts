import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isRgwInstalled } from '@callbay/testkit';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '../../apps/callbay/src/main.ts');
const demo = (env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [main, 'demo', '--s3'], { env: { ...process.env, ...env }, encoding: 'utf8' });

test('the demo of buckets says how to install the server that it lacks', () => {
  const { status, stderr } = demo({ PATH: '/nonexistent' });
  expect(status).toBe(1);
  expect(stderr).toContain('apt-get install ceph-mon ceph-osd radosgw');
});

test.skipIf(!isRgwInstalled())(
  'the demo of buckets comes out right, and uses no bucket of the host’s own settings',
  () => {
    const { status, stdout, stderr } = demo({ CALLBAY_S3_ENDPOINT: 'http://127.0.0.1:1' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('All came out right');
  },
  300_000,
);
