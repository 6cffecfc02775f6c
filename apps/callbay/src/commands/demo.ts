import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, DRAIN_MS, loadConfig, onShutdown, readEnv } from '@callbay/runtime';
import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { createOutput } from '../output.ts';
import { prepareDatabase } from '../prepare-database.ts';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'show the whole product on a home of its own: real recordings in over SFTP, calls out of the API',
    )
    .addHelpText(
      'after',
      `
Starts everything on embedded services in a temporary folder, sends real recordings and metadata with a
real SFTP client, prints each file's timeline and the calls that surfaced, and removes the folder.
Exits 0 only if all came out right.`,
    )
    .action(playDemo);
}

async function playDemo(): Promise<void> {
  const { runDemo } = await import('../demo/run-demo.ts');
  const { supervise } = await import('../supervisor/supervise.ts');
  const home = await mkdtemp(join(tmpdir(), 'callbay-demo-'));
  const env = readEnv();
  const config = loadConfig({
    ...env,
    CALLBAY_HOME: home,
    CALLBAY_BIND: '127.0.0.1',
    CALLBAY_PUBLIC_HOST: '127.0.0.1',
    DATABASE_URL: undefined,
    REDIS_URL: undefined,
    CALLBAY_ROLES: undefined,
    CALLBAY_LOG_LEVEL: env.CALLBAY_LOG_LEVEL ?? 'warn',
  });
  const logger = createLogger({ role: 'demo', level: config.logLevel });
  const shutdown = onShutdown({ logger, timeoutMs: DRAIN_MS.installation });
  shutdown.add('demo folder', () => rm(home, { recursive: true, force: true }));
  const output = createOutput(false, (text) => process.stdout.write(text));
  try {
    output.line('Starting Postgres, SFTP server, pipeline and API …');
    const { addresses } = await supervise({
      config,
      logger,
      shutdown,
      prepareDatabase: async (connectionString) =>
        (await prepareDatabase(connectionString, config, logger)).login,
    });
    const url = addresses.http ?? '';
    const api = await openApi(config, { url });
    const key = (await readFile(config.operatorKeyFile, 'utf8')).trim();
    const wrong = await runDemo({
      api,
      output,
      sftpHost: '127.0.0.1',
      readMedia: async (callId) => {
        const response = await fetch(`${url}/v1/tenants/demo/calls/${callId}/media`, {
          headers: { authorization: `Bearer ${key}` },
        });
        return Buffer.from(await response.arrayBuffer());
      },
    });
    for (const line of wrong) process.stderr.write(`callbay: ${line}\n`);
    shutdown.begin('the demo is over', wrong.length === 0 ? 0 : 1);
  } catch (error) {
    if (shutdown.signal.aborted) return;
    process.stderr.write(`callbay: ${(error as Error).stack ?? String(error)}\n`);
    shutdown.begin('the demo failed', 1);
  }
}
