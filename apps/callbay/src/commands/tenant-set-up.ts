import type { ConfigResult } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, segment } from '../context.ts';
import { readTextFile } from '../read-text-file.ts';

const pathOf = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}/config`;

/** A tenant's whole set-up out and in as one YAML file. */
export function addSetUpCommands(tenant: Command): void {
  tenant
    .command('export <id>')
    .description('print its whole set-up as YAML: name, time zone, settings, mapping; no keys')
    .addHelpText('after', '\nExample:\n  $ callbay tenant export acme > acme.yml')
    .action(async (id: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const text = await (await openApi()).readText(pathOf(id));
      output.json({ config: text });
      output.line(text.trimEnd());
    });

  tenant
    .command('apply <id> <file>')
    .description('make it what a set-up file says, all of it or nothing')
    .option('--dry-run', 'only print the difference')
    .option('--confirm', 'also where a shorter data retention removes many calls at once')
    .addHelpText('after', '\nExample:\n  $ callbay tenant apply acme acme.yml --dry-run')
    .action(
      async (
        id: string,
        file: string,
        options: { dryRun?: boolean; confirm?: boolean },
        command: Command,
      ) => {
        const { output, openApi } = contextOf(command);
        const text = await readTextFile(file);
        const query = new URLSearchParams({
          ...(options.dryRun ? { dryRun: 'true' } : {}),
          ...(options.confirm ? { confirm: 'true' } : {}),
        });
        const api = await openApi();
        const result = await api.sendText<ConfigResult>(
          'PUT',
          `${pathOf(id)}?${query}`,
          text,
          'application/yaml',
        );
        output.json(result);
        output.table(
          ['PLACE', 'WAS', options.dryRun ? 'WOULD BE' : 'IS'],
          result.changes.map((change) => [change.at, shown(change.old), shown(change.new)]),
        );
      },
    );
}

const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));
