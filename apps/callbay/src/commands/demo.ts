import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INSTALL_GATEWAY, isGatewayInstalled } from '@callbay/embedded';
import { createLogger, DRAIN_MS, loadConfig, onShutdown, readEnv } from '@callbay/runtime';
import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { CommandError } from '../exit-codes.ts';
import { createOutput } from '../output.ts';
import { prepareDatabase } from '../prepare-database.ts';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'show the whole product on a home of its own: real recordings in over SFTP, calls out of the API',
    )
    .option('--s3', 'put the files into a bucket, on an S3 server that is started here')
    .addHelpText(
      'after',
      `
Starts everything on embedded services in a temporary folder, sends real recordings and metadata with a
real SFTP client, prints each file's timeline and the calls that surfaced, and removes the folder.
With --s3 they come by a bucket of Ceph's object gateway, which must be installed.
Exits 0 only if all came out right.`,
    )
    .action(playDemo);
}

/** No setting of this machine's own product is for the demo: least of all its buckets. */
const withoutOthers = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^CALLBAY_(S3_|BLOBS$)/.test(name)));

async function playDemo({ s3 = false }: { readonly s3?: boolean }): Promise<void> {
  if (s3 && !isGatewayInstalled()) {
    throw new CommandError(
      `the demo with --s3 needs an S3 server here. Install Ceph's with\n  ${INSTALL_GATEWAY}\nor run the demo without --s3.`,
    );
  }
  const { runDemo } = await import('../demo/run-demo.ts');
  const { startDemoBuckets } = await import('../demo/demo-buckets.ts');
  const { openSftpSession } = await import('../demo/upload.ts');
  const { supervise } = await import('../supervisor/supervise.ts');
  const home = await mkdtemp(join(tmpdir(), 'callbay-demo-'));
  const env = readEnv();
  const output = createOutput(false, (text) => process.stdout.write(text));
  if (s3) output.line('Starting Ceph’s object gateway, which takes some 20 s …');
  const server = s3 ? await startDemoBuckets() : null;
  const ownEnv = { ...withoutOthers(env), ...server?.settings };
  const config = loadConfig({
    ...ownEnv,
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
  if (server !== null) shutdown.add('S3 server', () => server.stop());
  shutdown.add('demo folder', () => rm(home, { recursive: true, force: true }));
  try {
    output.line(`Starting Postgres, ${s3 ? 'bucket listener' : 'SFTP server'}, pipeline and API …`);
    const { addresses } = await supervise({
      config,
      logger,
      shutdown,
      env: ownEnv,
      prepareDatabase: async (connectionString) =>
        (await prepareDatabase(connectionString, config, logger)).login,
    });
    const url = addresses.http ?? '';
    const api = await openApi(config, { url });
    const key = (await readFile(config.operatorKeyFile, 'utf8')).trim();
    const wrong = await runDemo({
      api,
      output,
      openSession: server?.openSession ?? openSftpSession('127.0.0.1'),
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
