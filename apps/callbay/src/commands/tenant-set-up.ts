import type { ConfigResult } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, queryOf } from '../context.ts';
import { tenantPath } from '../find.ts';
import { readTextFile } from '../read-text-file.ts';

/** A tenant's whole set-up out and in as one YAML file. */
export function addSetUpCommands(tenant: Command): void {
  tenant
    .command('export <tenant>')
    .description('print its whole set-up as YAML: name, time zone, settings, mapping; no keys')
    .addHelpText('after', '\nExample:\n  $ callbay tenant export acme > acme.yml')
    .action(async (tenantText: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenantText);
      const text = await api.readText(`${path}/config`);
      output.json({ config: text });
      output.line(text.trimEnd());
    });

  tenant
    .command('apply <id> <file>')
    .description('make it what a set-up file says, all of it or nothing')
    .option('--dry-run', 'only print the difference')
    .option('--create', 'make the tenant where there is none with this id')
    .option('--confirm', 'also where a data retention deletes calls')
    .addHelpText(
      'after',
      `
Examples:
  $ callbay tenant apply acme acme.yml --dry-run
  $ callbay tenant apply acme-east acme.yml --create`,
    )
    .action(
      async (
        id: string,
        file: string,
        options: { dryRun?: boolean; create?: boolean; confirm?: boolean },
        command: Command,
      ) => {
        const { output, openApi } = contextOf(command);
        const content = await readTextFile(file);
        const api = await openApi();
        const result = await api.send<ConfigResult>(
          'PUT',
          `${tenantPath(id)}/config${queryOf({ ...options })}`,
          { content, type: 'application/yaml' },
        );
        if (result.isNew) output.line(options.dryRun ? `would make tenant ${id}` : `made tenant ${id}`);
        output.json(result);
        output.table(
          ['PLACE', 'WAS', options.dryRun ? 'WOULD BE' : 'IS'],
          result.changes.map((change) => [change.at, shown(change.old), shown(change.new)]),
        );
      },
    );
}

const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));
