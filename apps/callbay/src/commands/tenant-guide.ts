import type { Mapping, SftpUser, Tenant } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { writeGuide } from '../guide/write-guide.ts';
import { mappingPath } from '../mapping-draft.ts';

const MAX_USERS = 100;

/** The page that a manager hands to the customer's IT person. */
export function addGuideCommand(tenant: Command): void {
  tenant
    .command('guide <tenant>')
    .description(
      'print a page to hand to the customer: where to connect, how to name files, what metadata holds',
    )
    .addHelpText('after', '\nExample:\n  $ callbay tenant guide acme > acme.md')
    .action(async (text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(text);
      const found = await api.call<Tenant>('GET', path);
      const users = await api.list<SftpUser>(`${path}/sftp-users`, MAX_USERS);
      const mapping = await api.call<Mapping>('GET', mappingPath(path, 'call'));
      const guide = writeGuide({ tenant: found, users, mapping, now: new Date() });
      output.json({ guide });
      output.line(guide.trimEnd());
    });
}
