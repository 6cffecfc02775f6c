import { expect, test } from 'vitest';
import { createMetrics } from '../src/index.ts';

test('counts show under our names, and no metric has a label for tenants', async () => {
  const metrics = createMetrics({ withProcess: false });
  metrics.filesReceived.inc({ drop: 'sftp' });
  metrics.surfaceSeconds.observe(0.2);
  const text = await metrics.registry.metrics();
  expect(text).toContain('callbay_files_received_total{drop="sftp"} 1');
  expect(text).toContain('callbay_surface_seconds_count 1');
  expect(text).not.toMatch(/tenant/i);
});

test('two sets of metrics in one process do not collide', () => {
  expect(() => [createMetrics({ withProcess: true }), createMetrics({ withProcess: true })]).not.toThrow();
});
