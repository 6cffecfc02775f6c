import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { onShutdown } from '../src/index.ts';
import type { ShutdownHost } from '../src/shutdown.ts';

class FakeHost extends EventEmitter {
  readonly exited: Promise<number>;
  #tell: (code: number) => void = () => undefined;
  constructor() {
    super();
    this.exited = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
  exit(code: number): void {
    this.#tell(code);
  }
}

const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn(), fatal: vi.fn() };

function make(timeoutMs = 5_000) {
  const host = new FakeHost();
  return { host, shutdown: onShutdown({ logger, timeoutMs, host: host as ShutdownHost }) };
}

test('a signal runs the steps once, last added first, and exits 0', async () => {
  const { host, shutdown } = make();
  const order: string[] = [];
  shutdown.add('database', () => void order.push('database'));
  shutdown.add('server', async () => void order.push('server'));
  host.emit('SIGTERM', 'SIGTERM');
  // The same Ctrl-C heard twice is not a second wish.
  host.emit('SIGINT', 'SIGINT');
  expect(shutdown.signal.aborted).toBe(true);
  expect(await host.exited).toBe(0);
  expect(order).toEqual(['server', 'database']);
});

test('a step that fails leaves the others their turn and makes the exit code 1', async () => {
  const { host, shutdown } = make();
  const closed = vi.fn();
  shutdown.add('database', closed);
  shutdown.add('server', () => Promise.reject(new Error('stuck')));
  shutdown.begin('test');
  expect(await host.exited).toBe(1);
  expect(closed).toHaveBeenCalledOnce();
});

test('a step that never ends does not hold the process beyond its time', async () => {
  const { host, shutdown } = make(20);
  shutdown.add('server', () => new Promise(() => undefined));
  shutdown.begin('test');
  expect(await host.exited).toBe(1);
});

test('a second signal, a while after the first, ends the process at once', async () => {
  const { host, shutdown } = make();
  shutdown.add('server', () => new Promise(() => undefined));
  host.emit('SIGTERM', 'SIGTERM');
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_500);
  host.emit('SIGTERM', 'SIGTERM');
  expect(await host.exited).toBe(1);
});

test('an error nobody caught ends the process in order, with code 1', async () => {
  const { host, shutdown } = make();
  const closed = vi.fn();
  shutdown.add('database', closed);
  host.emit('unhandledRejection', new Error('lost'));
  expect(await host.exited).toBe(1);
  expect(closed).toHaveBeenCalledOnce();
});

const child = `
  import { createLogger, exitWithParent, onShutdown, reportReady } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))};
  const shutdown = onShutdown({ logger: createLogger({ role: 'x', level: 'silent' }) });
  const timer = setInterval(() => undefined, 1e6);
  shutdown.add('timer', () => clearInterval(timer));
  exitWithParent(shutdown);
  reportReady({ port: 7 });
`;

const spawnChild = () =>
  spawn(process.execPath, ['--input-type=module', '-e', child], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

test('a child reports ready, and ends in order when its parent is gone', async () => {
  const spawned = spawnChild();
  expect((await once(spawned, 'message'))[0]).toEqual({ type: 'ready', port: 7 });
  spawned.disconnect();
  expect(await once(spawned, 'exit')).toEqual([0, null]);
});

test('a child ends in order on SIGTERM', async () => {
  const spawned = spawnChild();
  await once(spawned, 'message');
  spawned.kill('SIGTERM');
  expect(await once(spawned, 'exit')).toEqual([0, null]);
});
