import type { Hold, PurgePreviewItem } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { type Output, printable } from '../output.ts';

function printHolds(output: Output, holds: readonly Hold[]): void {
  output.table(
    ['CALL KEY', 'WAITING FOR', 'REASONS', 'SINCE', 'UNTIL'],
    holds.map(({ callKey, waitingFor, reasons, since, until }) => [
      callKey,
      waitingFor,
      reasons.map(({ code, field }) => (field ? `${code} (${field})` : code)).join(', '),
      since,
      until,
    ]),
  );
  for (const { callKey, nearMisses } of holds) {
    for (const { name, why } of nearMisses)
      output.line(`  ${printable(callKey)}: looks like ${printable(name)}. ${printable(why)}`);
  }
}

export function addHoldsCommand(program: Command): void {
  program
    .command('holds <tenant>')
    .description('what waits, for what and until when, with files that look like the missing half')
    .option('--waiting-for <what>', 'metadata, recording, correction, crm, goLive or operator')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .addHelpText('after', '\nExample:\n  $ callbay holds acme --waiting-for metadata')
    .action(
      async (
        tenant: string,
        options: { waitingFor?: string; limit: number; watch?: boolean },
        command: Command,
      ) => {
        const { openTenant, watch } = contextOf(command);
        const { api, path } = await openTenant(tenant);
        await watch(options.watch, async (output) => {
          const query = queryOf({ waitingFor: options.waitingFor });
          const holds = await api.list<Hold>(`${path}/holds${query}`, options.limit);
          output.json(holds);
          printHolds(output, holds);
        });
      },
    );
}

export function addPurgesCommand(program: Command): void {
  program
    .command('purges <tenant>')
    .description('the files that will leave the drop, soonest first')
    .option('--until <instant>', 'RFC 3339 instant; a day from now when not given')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, options: { until?: string; limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const query = queryOf({ until: options.until });
      const items = await api.list<PurgePreviewItem>(`${path}/purges/preview${query}`, options.limit);
      output.json(items);
      output.table(
        ['PURGED AT', 'NAME', 'STATE', 'CODE', 'KEPT BY A CALL'],
        items.map((one) => [one.purgeAt, one.name, one.state, one.code, one.keptByCall ? 'yes' : 'no']),
      );
    });
}
