import { createLogger, DRAIN_MS, onShutdown } from '@callbay/runtime';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { supervise } from '../supervisor/supervise.ts';

export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description(
      'start everything on this machine and stay: SFTP, pipeline, API, and Postgres unless DATABASE_URL is set',
    )
    .addHelpText(
      'after',
      `
When all of it serves, one line goes to standard output:
  ready http=http://127.0.0.1:8080 sftp=127.0.0.1:2222
SIGTERM or Ctrl-C drains and exits 0. Logs go to standard error.

Examples:
  $ callbay up
  $ CALLBAY_HOME=/srv/callbay CALLBAY_BIND=0.0.0.0 callbay up`,
    )
    .action(async (_options, command: Command) => {
      const { config } = contextOf(command);
      const logger = createLogger({ role: 'callbay', level: config.logLevel });
      for (const warning of config.warnings) logger.warn(warning);
      const shutdown = onShutdown({ logger, timeoutMs: DRAIN_MS.installation });
      try {
        const { addresses } = await supervise({
          config,
          logger,
          shutdown,
          prepareDatabase: async (connectionString) => {
            const applied = await prepareDatabase(connectionString, config, logger);
            if (applied.length > 0) logger.info({ applied }, 'migrations applied');
          },
        });
        process.stdout.write(`ready http=${addresses.http} sftp=${addresses.sftp}\n`);
      } catch (error) {
        // Being told to stop while starting is no failure.
        if (shutdown.signal.aborted) return;
        process.stderr.write(`callbay: ${(error as Error).message}\n`);
        shutdown.begin('could not start', 1);
      }
    });
}
