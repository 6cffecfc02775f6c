import type { EventView } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';

/** The `data` of server-sent events out of the pieces of a stream. */
export async function* readEvents(pieces: AsyncIterable<string>): AsyncGenerator<EventView> {
  let rest = '';
  for await (const piece of pieces) {
    const blocks = `${rest}${piece}`.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => line.startsWith('data:'));
      if (lines.length > 0)
        yield JSON.parse(lines.map((line) => line.slice('data:'.length)).join('\n')) as EventView;
    }
  }
}

export function addEventsCommand(program: Command): void {
  program
    .command('events <tenant>')
    .description('follow what happens to a tenant’s calls, until Ctrl-C')
    .option(
      '--after <sequence>',
      'after this event; 0 from the oldest that is kept; from now on when not given',
    )
    .addHelpText('after', '\nExample:\n  $ callbay events acme --after 0 --json')
    .action(async (tenant: string, { after }: { after?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      try {
        const pieces = api.follow(`${path}/events`, after ?? null, stop.signal);
        for await (const event of readEvents(pieces)) {
          // One document a line, so that a script can read the stream as it comes.
          if (output.isJson) process.stdout.write(`${JSON.stringify(event)}\n`);
          output.line(
            `${event.at}  ${event.sequence}  ${event.type}  ${event.callId === null ? event.callKey : `call ${event.callId}`}`,
          );
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    });
}
