import type { Reconciliation } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, queryOf } from '../context.ts';
import { printable } from '../output.ts';

export function addReconciliationCommand(program: Command): void {
  program
    .command('reconciliation <tenant>')
    .description('what became of the files received on a day, each counted once')
    .option('--day <day>', 'such as 2026-03-01, by the tenant’s clocks; yesterday when not given')
    .action(async (tenant: string, options: { day?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.call<Reconciliation>('GET', `${path}/reconciliation${queryOf({ ...options })}`);
      output.json(found);
      const { byCode, rows, ...counts } = found.counts;
      output.line(`${found.day} (${found.timeZone}): ${found.isBalanced ? 'balanced' : 'NOT balanced'}`);
      output.pairs(Object.entries(counts).map(([name, count]) => [`  ${name}`, count]));
      output.pairs(Object.entries(byCode).map(([code, count]) => [`    ${code}`, count]));
      if (rows !== undefined) {
        const { byCode: rowCodes, ...rowCounts } = rows;
        output.line('rows of batches');
        output.pairs(Object.entries(rowCounts).map(([name, count]) => [`  ${name}`, count]));
        output.pairs(Object.entries(rowCodes).map(([code, count]) => [`    ${code}`, count]));
      }
      for (const { name } of found.unaccountedFiles) output.line(`  unaccounted: ${printable(name)}`);
    });
}
