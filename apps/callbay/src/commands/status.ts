import type { ServiceHealth } from '@callbay/contracts';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { contextOf } from '../context.ts';
import { CommandError, EXIT_CODES } from '../exit-codes.ts';

/** A server that answers but lacks a service says 503, which is an answer to this question. */
async function readHealth(api: ApiClient): Promise<ServiceHealth> {
  await api.call('GET', '/health/live');
  try {
    return await api.call<ServiceHealth>('GET', '/health/ready');
  } catch (error) {
    if (!(error instanceof CommandError) || error.status !== 503) throw error;
    return error.body as ServiceHealth;
  }
}

export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .description('whether Callbay serves, with each service that it needs; exits 3 if one is unavailable')
    .option('--watch', 'print again when something changes, until all are available')
    .action(async ({ watch: isWatched }: { watch?: boolean }, command: Command) => {
      const { openApi, watch } = contextOf(command);
      const api = await openApi();
      await watch(isWatched, async (output) => {
        const health = await readHealth(api);
        output.json(health);
        output.line(health.status === 'ok' ? 'Callbay is ready' : 'a required service is unavailable');
        output.pairs(Object.entries(health.checks).map(([name, state]) => [`  ${name}`, state]));
        process.exitCode = health.status === 'ok' ? EXIT_CODES.ok : EXIT_CODES.unreachable;
        return health.status !== 'ok';
      });
    });
  program
    .command('metrics')
    .description('the metrics, in the text form of Prometheus')
    .action(async (_options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const text = await (await openApi()).readText('/metrics');
      output.json({ metrics: text });
      output.line(text.trimEnd());
    });
}
