import type { Call, Revision } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { CommandError, EXIT_CODES } from '../exit-codes.ts';
import { findCall } from '../find.ts';
import { type Output, printable } from '../output.ts';
import { createProgress } from '../progress.ts';
import { addAnalysisCommands } from './call-analysis.ts';

interface SearchOptions {
  readonly q?: string;
  readonly from?: string;
  readonly to?: string;
  readonly changedAfter?: string;
  readonly field: readonly string[];
  readonly sort?: string;
  readonly order?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

/** `disposition=won`, or `amount.gte=10`. */
function conditionsOf(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf('=');
      if (at < 1) throw new CommandError(`\`${field}\` is not <name>=<value>`, EXIT_CODES.usage);
      return [`field.${field.slice(0, at)}`, field.slice(at + 1)];
    }),
  );
}

export function addCallsCommand(program: Command): void {
  program
    .command('calls <tenant>')
    .description('search a tenant’s surfaced calls')
    .option('--q <words>', 'words of any field; "a phrase", or, -not')
    .option('--from <instant>', 'that started at this RFC 3339 instant or later')
    .option('--to <instant>', 'that started before this RFC 3339 instant')
    .option('--changed-after <n>', 'only with a greater changeSeq, in its order')
    .option(
      '--field <name=value>',
      'with this value of a field; also <name>.gte= and <name>.lt=',
      collect,
      [],
    )
    .option('--sort <key>', 'callId or startedAt')
    .option('--order <order>', 'asc or desc')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .addHelpText('after', '\nExample:\n  $ callbay calls acme --q rep --from 2026-03-01T00:00:00Z')
    .action(async (tenant: string, options: SearchOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { q, from, to, changedAfter, sort, order } = options;
      const query = queryOf({ q, from, to, changedAfter, sort, order, ...conditionsOf(options.field) });
      const { api, path } = await openTenant(tenant);
      await watch(options.watch, async (output) => {
        const calls = await api.list<Call>(`${path}/calls${query}`, options.limit);
        output.json(calls);
        output.table(
          ['CALL', 'STARTED', 'DIRECTION', 'USER', 'SECONDS', 'REVISION', 'RECORDING'],
          calls.map((call) => [
            call.callId,
            call.startedAt,
            call.direction,
            call.user,
            call.durationSeconds,
            call.revision,
            call.media?.name ?? call.externalRecording?.id,
          ]),
        );
      });
    });
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function printCall(output: Output, call: Call): void {
  output.pairs([
    ['call', call.callId],
    ['key', call.callKey],
    ['revision', call.revision],
    ['started', call.startedAt],
    ['ended', call.endedAt],
    ['direction', call.direction],
    ['user', call.user],
    ['seconds', call.durationSeconds],
    ['recording', call.media?.name ?? call.externalRecording?.id],
    ['analysis', call.analysis && `version ${call.analysis.version}, ${call.analysis.analyzedAt}`],
    ['evaluated', call.evaluated ? 'yes' : 'no'],
    ['legal hold', call.legalHold ? 'yes' : 'no'],
    ['updates until', call.updatesAcceptedUntil],
    ...Object.entries(call.fields).map(([name, value]): [string, string] => [
      `  ${name}`,
      value === null ? '' : String(value),
    ]),
  ]);
  for (const { code, message } of call.warnings) output.line(`warning ${code}: ${printable(message)}`);
}

function addReading(call: Command): void {
  call
    .command('show <tenant> <call>')
    .description('one call, by its number, its key, or words that only this call holds')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.call<Call>('GET', `${path}/calls/${await findCall(api, path, text)}`);
      output.json(found);
      printCall(output, found);
    });
  call
    .command('history <tenant> <call>')
    .description('what each revision changed, oldest first')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, text: string, { limit }: { limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const callId = await findCall(api, path, text);
      const revisions = await api.list<Revision>(`${path}/calls/${callId}/history`, limit);
      output.json(revisions);
      output.table(
        ['REVISION', 'AT', 'FIELD', 'WAS', 'IS'],
        revisions.flatMap(({ revision, at, changed }) =>
          Object.entries(changed).map(([field, [was, is]]) => [
            revision,
            at,
            field,
            JSON.stringify(was),
            JSON.stringify(is),
          ]),
        ),
      );
    });
  call
    .command('media <tenant> <call> <file>')
    .description('save a call’s recording in a new file')
    .action(async (tenant: string, text: string, file: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const callId = await findCall(api, path, text);
      const progress = createProgress();
      let bytes = 0;
      await api.download(`${path}/calls/${callId}/media`, file, (count) => {
        bytes = count;
        progress(`${(count / 1024 / 1024).toFixed(1)} MiB so far`);
      });
      output.json({ callId, file, bytes });
      output.line(`saved ${bytes} bytes in ${file}`);
    });
}

const FLAG = { yes: true, no: false } as const;

function flagOf(text: string | undefined, option: string): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== 'yes' && text !== 'no') throw new CommandError(`${option} takes yes or no`, EXIT_CODES.usage);
  return FLAG[text];
}

export function addCallCommands(program: Command): void {
  const call = program.command('call').description('one call');
  addReading(call);
  addAnalysisCommands(call);
  call
    .command('update <tenant> <call>')
    .description('say that a call is evaluated, or under legal hold')
    .option('--evaluated <yes|no>', 'whether it was evaluated')
    .option('--legal-hold <yes|no>', 'whether no data retention may delete it')
    .addHelpText('after', '\nExample:\n  $ callbay call update acme 17 --legal-hold yes')
    .action(
      async (
        tenant: string,
        text: string,
        options: { evaluated?: string; legalHold?: string },
        command: Command,
      ) => {
        const evaluated = flagOf(options.evaluated, '--evaluated');
        const legalHold = flagOf(options.legalHold, '--legal-hold');
        if (evaluated === undefined && legalHold === undefined) {
          throw new CommandError('give --evaluated or --legal-hold', EXIT_CODES.usage);
        }
        const { output, openTenant } = contextOf(command);
        const { api, path } = await openTenant(tenant);
        const callId = await findCall(api, path, text);
        const changed = await api.call<Call>('PATCH', `${path}/calls/${callId}`, { evaluated, legalHold });
        output.json(changed);
        printCall(output, changed);
      },
    );
}
