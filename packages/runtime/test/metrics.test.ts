import perfHooks from 'node:perf_hooks';
import { expect, test, vi } from 'vitest';
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

test('metrics of the process wake it at no time of their own, and show how busy its event loop is', async () => {
  const monitor = vi.spyOn(perfHooks, 'monitorEventLoopDelay');
  const metrics = createMetrics({ withProcess: true });
  for (const [options] of monitor.mock.calls)
    expect(options?.resolution).toBeGreaterThan(24 * 60 * 60 * 1000);
  expect(monitor).toHaveBeenCalled();
  const text = await metrics.registry.metrics();
  expect(text).not.toMatch(/nodejs_eventloop_lag_p99/);
  expect(text).toMatch(/^callbay_event_loop_utilization (0|1|0\.\d+)$/m);
  expect(text).toContain('process_cpu_seconds_total');
});

test('a role has no series that it cannot move, and says which version runs', async () => {
  const labels = { role: 'intake', process: 'host:1' };
  const { registry } = createMetrics({ withProcess: true, labels, version: '0.1.0' });
  const text = await registry.metrics();
  expect(text).toContain('callbay_sftp_sessions');
  expect(text).toMatch(
    /callbay_build_info\{version="0\.1\.0",node="[\d.]+",role="intake",process="host:1"\} 1/,
  );
  for (const name of ['calls_surfaced', 'surface_seconds', 'http_request_seconds', 'alerts_open'])
    expect(text).not.toContain(`callbay_${name}`);
  expect(text.split('\n').length).toBeLessThan(250);
});
