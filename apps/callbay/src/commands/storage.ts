import type { TenantStorage } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount } from '../context.ts';

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export function addStorageCommand(program: Command): void {
  program
    .command('storage')
    .description('how much of the disk each tenant takes')
    .option('--limit <n>', 'maximum number of results', parseCount, 500)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { output, openApi } = contextOf(command);
      const items = await (await openApi()).list<TenantStorage>('/v1/operations/tenants', limit);
      output.json(items);
      output.table(
        ['TENANT', 'NAME', 'STORED', 'QUOTA'],
        items.map((one) => [
          one.tenantId,
          one.name,
          mib(one.storedBytes),
          one.quotaBytes === null ? null : mib(one.quotaBytes),
        ]),
      );
    });
}
