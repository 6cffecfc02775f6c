import type { EventReplayStarted, Webhook, WebhookDelivery } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { segment } from '../find.ts';
import { type Output, printable } from '../output.ts';

function printWebhook(output: Output, webhook: Webhook): void {
  output.json(webhook);
  const { failing } = webhook;
  output.pairs([
    ['id', webhook.id],
    ['label', webhook.label],
    ['url', webhook.url],
    ['events', webhook.events.join(', ')],
    ['state', webhook.state],
    ['unread', webhook.unread],
    ['last delivered', webhook.lastDeliveredAt],
    ['failing since', failing?.since],
    ['why', failing?.message],
    ['fix', failing?.fix],
    ['next attempt', failing?.nextAttemptAt],
    ['secret', webhook.secret],
  ]);
  if (webhook.secret !== undefined) output.line('The secret is shown this once.');
}

const listed = (value: string, known: string[] = []): string[] => [...known, value];

interface Settings {
  readonly url?: string;
  readonly label?: string;
  readonly event?: string[];
}

const withSettings = (command: Command): Command =>
  command
    .option('--label <label>', 'what it is for')
    .option(
      '--event <type>',
      'a type of events, such as call.surfaced; several times; all unless given',
      listed,
    );

const bodyOf = ({ url, label, event }: Settings) => ({
  ...(url === undefined ? {} : { url }),
  ...(label === undefined ? {} : { label }),
  ...(event === undefined ? {} : { events: event }),
});

function addChanges(webhook: Command): void {
  withSettings(webhook.command('add <tenant> <url>'))
    .description('post events to an address, from now on')
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay webhook add acme https://example.com/callbay --event call.surfaced',
    )
    .action(async (tenant: string, url: string, options: Settings, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      printWebhook(output, await api.call<Webhook>('POST', `${path}/webhooks`, bodyOf({ ...options, url })));
    });
  withSettings(webhook.command('update <tenant> <id>'))
    .description('change, pause or resume a webhook, or rotate its secret')
    .option('--url <url>', 'the new address')
    .option('--state <state>', 'active or paused')
    .option('--rotate-secret', 'make a new secret; the old one signs too for a day')
    .action(
      async (
        tenant: string,
        id: string,
        { state, rotateSecret, ...settings }: Settings & { state?: string; rotateSecret?: true },
        command: Command,
      ) => {
        const { output, openTenant } = contextOf(command);
        const { api, path } = await openTenant(tenant, { isWhole: true });
        const body = { ...bodyOf(settings), ...(state && { state }), ...(rotateSecret && { rotateSecret }) };
        printWebhook(output, await api.call<Webhook>('PATCH', `${path}/webhooks/${segment(id)}`, body));
      },
    );
  webhook
    .command('remove <tenant> <id>')
    .description('delete a webhook with its log')
    .action(async (tenant: string, id: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      await api.call('DELETE', `${path}/webhooks/${segment(id)}`);
      output.json({ removed: id });
      output.line('the webhook is deleted');
    });
  webhook
    .command('replay <tenant> <id>')
    .description('post the events of a time span again, before those that wait')
    .requiredOption('--from <time>', 'the first instant, such as 2026-03-01T09:00:00Z')
    .option('--to <time>', 'the end, exclusive; until now unless given')
    .action(async (tenant: string, id: string, span: { from: string; to?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const answer = await api.call<EventReplayStarted>(
        'POST',
        `${path}/webhooks/${segment(id)}/replay`,
        span,
      );
      output.json(answer);
      output.line(`${answer.events} events are sent again`);
    });
}

interface ListOptions {
  readonly state?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('addresses that a tenant’s events are posted to');
  addChanges(webhook);
  webhook
    .command('list <tenant>')
    .description('the webhooks of a tenant, with what waits for each')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .action(async (tenant: string, options: ListOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      await watch(options.watch, async (output) => {
        const found = await api.list<Webhook>(`${path}/webhooks`, options.limit);
        output.json(found);
        output.table(
          ['ID', 'LABEL', 'STATE', 'UNREAD', 'URL', 'FAILING'],
          found.map((one) => [one.id, one.label, one.state, one.unread, one.url, one.failing?.code]),
        );
      });
    });
  webhook
    .command('show <tenant> <id>')
    .description('one webhook, with what waits for it and why')
    .action(async (tenant: string, id: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      printWebhook(output, await api.call<Webhook>('GET', `${path}/webhooks/${segment(id)}`));
    });
  webhook
    .command('deliveries <tenant> <id>')
    .description('the last deliveries, and why some failed')
    .option('--state <state>', 'delivered, retrying or failed')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .action(async (tenant: string, id: string, options: ListOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const query = queryOf({ state: options.state });
      await watch(options.watch, async (output) => {
        const from = `${path}/webhooks/${segment(id)}/deliveries${query}`;
        const found = await api.list<WebhookDelivery>(from, options.limit);
        output.json(found);
        output.table(
          ['LAST ATTEMPT', 'SEQUENCE', 'TYPE', 'STATE', 'ATTEMPTS', 'STATUS', 'MS', 'MESSAGE'],
          found.map((one) => [
            one.lastAttemptAt,
            one.sequence,
            one.isReplay ? `${one.type} (again)` : one.type,
            one.state,
            one.attempts,
            one.status,
            one.durationMs,
            one.message === null ? null : printable(one.message),
          ]),
        );
      });
    });
}
