import { createLogger, makeHome } from '@callbay/runtime';
import type { Command } from 'commander';
import { hostContextOf } from '../context.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { withDatabase } from '../with-database.ts';

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description(
      'bring the database to this version and see that the operator’s key is in CALLBAY_HOME; `up` does both by itself',
    )
    .action(async (_options, command: Command) => {
      const { config, output } = hostContextOf(command);
      const logger = createLogger({ role: 'callbay', level: config.logLevel });
      await makeHome(config.home);
      const { applied } = await withDatabase(config, (connectionString) =>
        prepareDatabase(connectionString, config, logger),
      );
      output.json({ applied, operatorKeyFile: config.operatorKeyFile });
      output.line(
        applied.length === 0 ? 'nothing to do: the database is up to date' : `applied ${applied.join(', ')}`,
      );
    });
}
