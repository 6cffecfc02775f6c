import type { CrmObject, UnresolvedReference } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount } from '../context.ts';
import { segment } from '../find.ts';

export function addCrmCommands(program: Command): void {
  const crm = program.command('crm').description('the objects of a customer’s CRM files');
  crm
    .command('list <tenant> <type>')
    .description('the objects of one type: contacts, leads, opportunities, cases or accounts')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, type: string, { limit }: { limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const objects = await api.list<CrmObject>(`${path}/crm/${segment(type)}`, limit);
      output.json(objects);
      output.table(
        ['ID', 'UPDATED', 'FIELDS'],
        objects.map(({ externalId, updatedAt, fields }) => [externalId, updatedAt, JSON.stringify(fields)]),
      );
    });
  crm
    .command('show <tenant> <type> <externalId>')
    .description('one object as its files last said')
    .action(async (tenant: string, type: string, externalId: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const object = await api.call<CrmObject>('GET', `${path}/crm/${segment(type)}/${segment(externalId)}`);
      output.json(object);
      output.pairs([
        ['id', object.externalId],
        ['updated', object.updatedAt],
        ...Object.entries(object.fields).map(([name, value]): [string, string | null] => [
          `  ${name}`,
          value === null ? null : String(value),
        ]),
      ]);
    });
  crm
    .command('unresolved <tenant>')
    .description('references to objects that have not come')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, { limit }: { limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const references = await api.list<UnresolvedReference>(`${path}/crm/unresolved`, limit);
      output.json(references);
      output.table(
        ['FROM', 'ID', 'FIELD', 'REFERS TO', 'MISSING ID'],
        references.map(({ from, field, type, externalId }) => [from.type, from.id, field, type, externalId]),
      );
    });
}
