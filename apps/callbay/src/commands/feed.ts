import { readFile } from 'node:fs/promises';
import type { EventReplayStarted, Feed, FeedStatus, FeedTest } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import type { Output } from '../output.ts';

function printFeed(output: Output, feed: Feed): void {
  output.json(feed);
  output.pairs([
    ['brokers', feed.brokers.join(', ')],
    ['topic', feed.topic],
    ['tls', feed.tls === null ? 'no' : 'yes'],
    ['login', feed.sasl === null ? 'none' : `${feed.sasl.mechanism} as ${feed.sasl.username}`],
    ['envelope', feed.envelope],
    ['events', feed.events.join(', ')],
    ['state', feed.state],
    ['updated', feed.updatedAt],
  ]);
}

function addChanges(feed: Command): void {
  feed
    .command('set <tenant> <file>')
    .description('send events to a Kafka topic, by settings in a JSON file')
    .addHelpText('after', '\nExample:\n  $ callbay feed set acme feed.json')
    .action(async (tenant: string, file: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const settings = JSON.parse(await readFile(file, 'utf8')) as unknown;
      printFeed(output, await api.call<Feed>('PUT', `${path}/feed`, settings));
    });
  feed
    .command('remove <tenant>')
    .description('stop the feed and forget its place')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      await api.call('DELETE', `${path}/feed`);
      output.json({ removed: 'feed' });
      output.line('the feed is stopped');
    });
  feed
    .command('replay <tenant>')
    .description('send the events of a time span again, before those that wait')
    .requiredOption('--from <time>', 'the first instant, such as 2026-03-01T09:00:00Z')
    .option('--to <time>', 'the end, exclusive; until now unless given')
    .action(async (tenant: string, span: { from: string; to?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const answer = await api.call<EventReplayStarted>('POST', `${path}/feed/replay`, span);
      output.json(answer);
      output.line(`${answer.events} events are sent again`);
    });
}

export function addFeedCommands(program: Command): void {
  const feed = program.command('feed').description('the Kafka topic that a tenant’s events are sent to');
  addChanges(feed);
  feed
    .command('show <tenant>')
    .description('the settings of the feed')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      printFeed(output, await api.call<Feed>('GET', `${path}/feed`));
    });
  feed
    .command('test <tenant>')
    .description('connect, log in and look the topic up; nothing is sent')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.call<FeedTest>('POST', `${path}/feed/test`, {});
      output.json(found);
      output.pairs([
        ['works', found.ok ? 'yes' : 'no'],
        ['brokers', found.brokers],
        ['partitions', found.partitions],
        ['why', found.message],
        ['fix', found.fix],
      ]);
    });
  feed
    .command('status <tenant>')
    .description('how far behind the feed is, and why')
    .option('--watch', 'print again when something changes')
    .action(async (tenant: string, options: { watch?: boolean }, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      await watch(options.watch, async (output) => {
        const status = await api.call<FeedStatus>('GET', `${path}/feed/status`);
        output.json(status);
        output.pairs([
          ['state', status.state],
          ['unread', status.lag.events],
          ['since', status.lag.since],
          ['sent', status.sent],
          ['sent without parts', status.reduced],
          ['last sent', status.lastSentAt],
          ['failing since', status.failing?.since],
          ['why', status.failing?.message],
          ['fix', status.failing?.fix],
          ['next attempt', status.failing?.nextAttemptAt],
        ]);
      });
    });
}
