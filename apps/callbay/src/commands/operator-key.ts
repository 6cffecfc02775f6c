import { makeHome } from '@callbay/runtime';
import type { Command } from 'commander';
import { hostContextOf } from '../context.ts';
import { operatorKeyFile } from '../operator-key-file.ts';
import { withDatabase } from '../with-database.ts';

export function addOperatorKeyCommand(program: Command): void {
  program
    .command('operator-key')
    .description('make an operator’s API key on this host, when none is left that works')
    .addHelpText(
      'after',
      `
It needs the database, not the API, and writes the key into operator.key of CALLBAY_HOME, readable by its owner alone.
Keys in force stay in force: \`callbay api-key list\` and \`callbay api-key revoke\` end them.

Example:
  $ callbay operator-key`,
    )
    .action(async (_options, command: Command) => {
      const { config, output } = hostContextOf(command);
      await makeHome(config.home);
      const { makeOperatorKey } = await import('@callbay/postgres');
      await withDatabase(config, (connectionString) =>
        makeOperatorKey(connectionString, operatorKeyFile(config.operatorKeyFile)),
      );
      output.json({ operatorKeyFile: config.operatorKeyFile });
      output.line(`wrote an operator’s API key to ${config.operatorKeyFile}`);
    });
}
