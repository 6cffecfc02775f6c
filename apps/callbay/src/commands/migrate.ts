import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { withDatabase } from '../with-database.ts';

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description(
      'bring the database to this version; `up` does it by itself, so this is for a step of its own',
    )
    .action(async (_options, command: Command) => {
      const { applyMigrations } = await import('@callbay/postgres');
      const { config, output } = contextOf(command);
      const { applied } = await withDatabase(config, applyMigrations);
      output.json({ applied });
      output.line(
        applied.length === 0 ? 'nothing to do: the database is up to date' : `applied ${applied.join(', ')}`,
      );
    });
}
