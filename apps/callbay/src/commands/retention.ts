import type { DataRetentionPreview, DeletedCall } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';

interface PreviewOptions {
  readonly evaluatedDays?: string;
  readonly notEvaluatedDays?: string;
}

export function addRetentionCommands(program: Command): void {
  const retention = program.command('retention').description('how long a tenant’s calls are kept');
  retention
    .command('preview <tenant>')
    .description('which calls a data retention would delete for good')
    .option('--evaluated-days <n>', 'days for evaluated calls, or `null` for ever; as set when not given')
    .option('--not-evaluated-days <n>', 'days for all other calls, or `null` for ever; as set when not given')
    .addHelpText('after', '\nExample:\n  $ callbay retention preview acme --not-evaluated-days 90')
    .action(async (tenant: string, options: PreviewOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const preview = await api.call<DataRetentionPreview>(
        'GET',
        `${path}/data-retention/preview${queryOf({ ...options })}`,
      );
      output.json(preview);
      output.pairs([
        ['calls', preview.calls],
        ['would be deleted', preview.removed],
        ['  evaluated', preview.removedEvaluated],
        ['  not evaluated', preview.removedNotEvaluated],
        ['kept by a legal hold', preview.keptByLegalHold],
        ['oldest call', preview.oldestStartedAt],
        ['calls to be deleted', preview.callIds.slice(0, 20).join(' ') || null],
        ['asks for --confirm', preview.wantsConfirmation ? 'yes' : 'no'],
      ]);
    });
  retention
    .command('deleted <tenant>')
    .description('the calls that the data retention deleted')
    .option('--changed-after <n>', 'only with a greater changeSeq')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, options: { changedAfter?: string; limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const query = queryOf({ changedAfter: options.changedAfter });
      const deleted = await api.list<DeletedCall>(`${path}/deleted-calls${query}`, options.limit);
      output.json(deleted);
      output.table(
        ['CALL', 'DELETED', 'REASON', 'CHANGE'],
        deleted.map(({ callId, deletedAt, reason, changeSeq }) => [callId, deletedAt, reason, changeSeq]),
      );
    });
}
