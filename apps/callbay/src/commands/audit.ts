import type { AuditRow } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { findTenant } from '../find.ts';

interface AuditOptions {
  readonly tenant?: string;
  readonly action?: string;
  readonly limit: number;
}

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description('who changed what, newest first')
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--action <action>', 'only this action, such as tenant.create')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (options: AuditOptions, command: Command) => {
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const tenantId = options.tenant === undefined ? undefined : await findTenant(api, options.tenant);
      const query = queryOf({ tenantId, action: options.action });
      const rows = await api.list<AuditRow>(`/v1/audit${query}`, options.limit);
      output.json(rows);
      output.table(
        ['AT', 'TENANT', 'ACTOR', 'ACTION', 'TARGET', 'FROM'],
        rows.map((row) => [row.at, row.tenantId, row.actor, row.action, row.target, row.remoteAddress]),
      );
    });
}
