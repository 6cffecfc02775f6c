import type { Alert, AlertDelivery, CreatedWebhookSecret, TestAlert } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { printable } from '../output.ts';

interface ListOptions {
  readonly state?: string;
  readonly kind?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

function addList(alerts: Command): void {
  alerts
    .command('list <tenant>')
    .description('what is, or was, wrong with a tenant’s feed')
    .option('--state <state>', 'open or resolved')
    .option('--kind <kind>', 'such as FEED_LATE')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .addHelpText('after', '\nExample:\n  $ callbay alerts list acme --state open')
    .action(async (tenant: string, options: ListOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const query = queryOf({ state: options.state, kind: options.kind });
      await watch(options.watch, async (output) => {
        const found = await api.list<Alert>(`${path}/alerts${query}`, options.limit);
        output.json(found);
        output.table(
          ['OPENED', 'STATE', 'KIND', 'COUNT', 'MESSAGE'],
          found.map((one) => [one.openedAt, one.state, one.kind, one.count, one.message]),
        );
        for (const { kind, fix, state } of found)
          if (state === 'open') output.line(`  fix ${kind}: ${printable(fix)}`);
      });
    });
}

function addDeliveries(alerts: Command): void {
  alerts
    .command('deliveries <tenant>')
    .description('the digests that were sent, and why some were not')
    .option('--state <state>', 'pending, delivered or failed')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .action(async (tenant: string, options: ListOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      await watch(options.watch, async (output) => {
        const query = queryOf({ state: options.state });
        const found = await api.list<AlertDelivery>(`${path}/alerts/deliveries${query}`, options.limit);
        output.json(found);
        output.table(
          ['CREATED', 'CHANNEL', 'TO', 'STATE', 'ATTEMPTS', 'CODE', 'MESSAGE'],
          found.map((one) => [
            one.createdAt,
            one.channel,
            one.target,
            one.state,
            one.attempts,
            one.code,
            one.message,
          ]),
        );
      });
    });
}

export function addAlertCommands(program: Command): void {
  const alerts = program.command('alerts').description('what is wrong with a feed, and who is notified');
  addList(alerts);
  addDeliveries(alerts);
  alerts
    .command('secret <tenant>')
    .description('make the secret that webhooks are signed with, in place of any before; shown this once')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const made = await api.call<CreatedWebhookSecret>('POST', `${path}/alerts/webhook-secret`, {});
      output.json(made);
      output.line(`${made.secret}   (shown this once)`);
    });
  alerts
    .command('test <tenant>')
    .description('send a test alert to every recipient that is set')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, tenantId, path } = await openTenant(tenant);
      const { deliveries } = await api.call<TestAlert>('POST', `${path}/alerts/test`, {});
      output.json({ deliveries });
      output.table(
        ['CHANNEL', 'TO', 'STATE'],
        deliveries.map(({ channel, target, state }) => [channel, target, state]),
      );
      output.line(`It is sent within a minute: \`callbay alerts deliveries ${tenantId} --watch\``);
    });
}
