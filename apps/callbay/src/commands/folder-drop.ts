import type { FolderDrop } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { Output } from '../output.ts';

function printDrop(output: Output, drop: FolderDrop): void {
  output.json(drop);
  output.pairs([
    ['state', drop.state],
    ['leave files in', `${drop.path}/data`],
    ['message', drop.message],
    ['scanned', drop.scannedAt],
    ['waiting', drop.waiting],
  ]);
  if (drop.ignored.length > 0)
    output.table(
      ['NOT RECEIVED', 'REASON'],
      drop.ignored.map(({ name, reason }) => [name, reason]),
    );
}

export function addFolderDropCommands(program: Command): void {
  const folderDrop = program
    .command('folder-drop')
    .description('a folder that another program leaves a tenant’s files in');
  folderDrop
    .command('add <tenant>')
    .description('receive the files of the tenant’s folder below CALLBAY_FOLDER_ROOT')
    .addHelpText('after', '\nExample:\n  $ callbay folder-drop add acme')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      printDrop(output, await api.call<FolderDrop>('PUT', `${path}/folder-drop`, {}));
    });
  folderDrop
    .command('show <tenant>')
    .description('what the last scan found')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      printDrop(output, await api.call<FolderDrop>('GET', `${path}/folder-drop`));
    });
  folderDrop
    .command('remove <tenant>')
    .description('stop scanning the folder; what is in it stays there')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      await api.call('DELETE', `${path}/folder-drop`);
      output.json({ removed: 'folder-drop' });
      output.line('the folder is no longer scanned');
    });
}
