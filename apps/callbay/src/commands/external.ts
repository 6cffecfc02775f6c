import type { ExternalRecording, Match } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { assertUuid, findFile } from '../find.ts';
import { readJsonFile } from '../read-text-file.ts';

interface ListOptions {
  readonly source?: string;
  readonly state?: string;
  readonly limit: number;
}

export function addExternalCommands(program: Command): void {
  const external = program.command('external').description('recordings that are stored elsewhere');
  external
    .command('add <tenant> <file>')
    .description('register recordings: a JSON file with one, or with `items` of up to 1,000')
    .addHelpText(
      'after',
      `
The file holds {"source": "ringcentral", "id": "BXyT30", "fields": {"startedAt": "2026-03-01T09:30:00Z", "user": "rep"}}

Example:
  $ callbay external add acme recordings.json`,
    )
    .action(async (tenant: string, file: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const body = await readJsonFile(file);
      const { api, path } = await openTenant(tenant);
      const { items } = await api.call<{ items: ExternalRecording[] }>(
        'POST',
        `${path}/external-recordings`,
        body,
      );
      output.json(items);
      output.line(`registered ${items.length}`);
    });
  external
    .command('list <tenant>')
    .description('registered recordings, newest first')
    .option('--source <source>', 'where they are stored, such as ringcentral')
    .option('--state <state>', 'received, held, done, rejected or withdrawn')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, { limit, ...filter }: ListOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.list<ExternalRecording>(`${path}/external-recordings${queryOf(filter)}`, limit);
      output.json(found);
      output.table(
        ['REGISTERED', 'SOURCE', 'ID', 'STATE', 'CODE', 'CALL'],
        found.map((one) => [one.registeredAt, one.source, one.id, one.state, one.outcomeCode, one.callId]),
      );
    });
}

interface MatchOptions {
  readonly state?: string;
  readonly file?: string;
  readonly limit: number;
}

function addDecision(matches: Command, decision: 'accept' | 'refuse', description: string): void {
  matches
    .command(`${decision} <tenant> <matchId>`)
    .description(description)
    .action(async (tenant: string, matchId: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const id = assertUuid(matchId, 'match', 'callbay matches list <tenant>');
      const match = await api.call<Match>('POST', `${path}/matches/${id}/${decision}`);
      output.json(match);
      output.line(`${match.state} ${match.record.name} and ${match.recording.source} ${match.recording.id}`);
    });
}

export function addMatchCommands(program: Command): void {
  const matches = program
    .command('matches')
    .description('metadata and external recordings that may be one call');
  matches
    .command('list <tenant>')
    .description('matches by shared fields, newest first')
    .option('--state <state>', 'proposed, auto, accepted or refused')
    .option('--file <file>', 'only of this file, by its id, its name or a part of it')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, options: MatchOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const fileId = options.file === undefined ? undefined : await findFile(api, path, options.file);
      const query = queryOf({ state: options.state, fileId });
      const found = await api.list<Match>(`${path}/matches${query}`, options.limit);
      output.json(found);
      output.table(
        ['ID', 'STATE', 'SCORE', 'METADATA', 'RECORDING', 'AMBIGUOUS'],
        found.map((one) => [
          one.id,
          one.state,
          one.score,
          one.record.name,
          `${one.recording.source} ${one.recording.id}`,
          one.isAmbiguous ? 'yes' : 'no',
        ]),
      );
    });
  addDecision(matches, 'accept', 'make a proposed pair one call, whatever its score');
  addDecision(matches, 'refuse', 'refuse a proposed pair, for ever');
}
