import {
  createLogger,
  DRAIN_MS,
  explainPostgres,
  explainRedis,
  onShutdown,
  readTlsIdentity,
  ServiceError,
} from '@callbay/runtime';
import type { Command } from 'commander';
import { hostContextOf } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { prepareDatabase } from '../prepare-database.ts';

export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description(
      'start everything on this machine and stay: SFTP, pipeline, API, and Postgres unless DATABASE_URL is set',
    )
    .addHelpText(
      'after',
      `
With CALLBAY_ROLES it starts only some roles of intake, pipeline and api, and leaves the others to other nodes.

When all of it serves, one line goes to standard output:
  ready http=http://127.0.0.1:8080 sftp=127.0.0.1:2222
SIGTERM or Ctrl-C drains and exits 0. Logs go to standard error.

Examples:
  $ callbay up
  $ CALLBAY_HOME=/srv/callbay CALLBAY_BIND=0.0.0.0 callbay up`,
    )
    .action(async (_options, command: Command) => {
      const { config } = hostContextOf(command);
      const logger = createLogger({ role: 'callbay', level: config.logLevel });
      for (const warning of config.warnings) logger.warn(warning);
      const { supervise } = await import('../supervisor/supervise.ts');
      const shutdown = onShutdown({ logger, timeoutMs: DRAIN_MS.installation });
      try {
        // Before anything is started: each role would fail alike, again and again.
        if (config.http.tls !== null) readTlsIdentity(config.http.tls, new Date());
        const { addresses } = await supervise({
          config,
          logger,
          shutdown,
          prepareDatabase: async (connectionString) => {
            await checkRedis(config.redisUrl);
            const preparing = prepareDatabase(connectionString, config, logger);
            const { applied, login } = await preparing.catch((error: unknown) => {
              throw explainPostgres(connectionString, error) ?? error;
            });
            if (applied.length > 0) logger.info({ applied }, 'migrations applied');
            return login;
          },
        });
        const served = Object.entries(addresses).flatMap(([name, at]) =>
          at === null ? [] : `${name}=${at}`,
        );
        process.stdout.write(`${['ready', ...served].join(' ')}\n`);
      } catch (error) {
        // A signal to stop while starting is not a failure.
        if (shutdown.signal.aborted) return;
        process.stderr.write(`callbay: ${(error as Error).message}\n`);
        const isAway = error instanceof ServiceError;
        shutdown.begin('could not start', isAway ? EXIT_CODES.unreachable : EXIT_CODES.failure);
      }
    });
}

/** Once, before any role is started: each of them would fail in the same way, again and again. */
async function checkRedis(redisUrl: string | null): Promise<void> {
  if (redisUrl === null) return;
  const { pingRedis } = await import('@callbay/queue');
  await pingRedis(redisUrl).catch((error: unknown) => {
    throw explainRedis(redisUrl, error) ?? error;
  });
}
