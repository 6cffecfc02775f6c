import type { BatchRow, Explanation, FileView } from '@callbay/contracts';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { findFile, segment } from '../find.ts';
import { type Output, printable } from '../output.ts';

interface ListOptions {
  readonly state?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly name?: string;
  readonly q?: string;
  readonly from?: string;
  readonly to?: string;
  readonly sentBy?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

export function addFilesCommand(program: Command): void {
  program
    .command('files <tenant>')
    .description('the files a tenant sent, newest first, and what became of each')
    .option('--state <state>', 'received, held, done, rejected or withdrawn')
    .option('--kind <kind>', 'recording, sidecar, batch, crm, bundle or unknown')
    .option('--code <code>', 'only with this outcome, such as LATE_UPDATE')
    .option('--name <name>', 'only of this name')
    .option('--q <text>', 'with this text in their name')
    .option('--from <instant>', 'received at this RFC 3339 instant or later')
    .option('--to <instant>', 'received before this RFC 3339 instant')
    .option('--sent-by <username>', 'sent by this SFTP user')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--watch', 'print again when something changes')
    .addHelpText('after', '\nExample:\n  $ callbay files acme --state held --watch')
    .action(async (tenant: string, options: ListOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { limit, watch: isWatched, ...filter } = options;
      const { api, path } = await openTenant(tenant);
      await watch(isWatched, async (output) => {
        const files = await api.list<FileView>(`${path}/files${queryOf(filter)}`, limit);
        output.json(files);
        output.table(
          ['RECEIVED', 'NAME', 'STATE', 'CODE', 'CALL', 'ID'],
          files.map((file) => [
            file.receivedAt,
            file.name,
            file.state,
            file.outcome?.code,
            file.callId,
            file.id,
          ]),
        );
      });
    });
}

/** States that change by themselves. */
const isOpen = ({ state }: FileView): boolean => state === 'received' || state === 'held';

/** A complete call of a tenant that is not live waits for a person, perhaps for weeks. */
async function waitsForGoLive(api: ApiClient, path: string, { state, outcome }: FileView): Promise<boolean> {
  if (state !== 'held' || outcome?.code !== 'READY') return false;
  const { stage } = await api.call<{ stage: string }>('GET', path);
  return stage !== 'live';
}

function printFile(output: Output, file: FileView): void {
  if (file.outcome) output.line(`${printable(file.outcome.message)} ${printable(file.outcome.fix)}`);
  output.pairs([
    ['name', file.name],
    ['state', file.state],
    ['code', file.outcome?.code],
    ['kind', file.kind],
    ['size', file.sizeBytes],
    ['received', file.receivedAt],
    ['location', file.location],
    ['call', file.callId],
    ['call key', file.callKey],
    ['updates until', file.updatesAcceptedUntil],
    ['purged at', file.purgedAt ?? file.purgeAt],
    ['sha256', file.sha256],
    ['id', file.id],
  ]);
  printWarnings(output, file);
}

function printWarnings(output: Output, file: FileView): void {
  for (const hint of file.hints ?? []) output.line(`  hint  ${printable(hint)}`);
  for (const { at, code, message } of file.warnings) {
    output.line(`  warning  ${code}  ${printable(message)}${at === null ? '' : ` (${printable(at)})`}`);
  }
}

function printExplanation(output: Output, { file, steps }: Explanation): void {
  output.line(`${printable(file.name)}  ${file.sizeBytes} bytes  ${file.state}  ${file.outcome?.code ?? ''}`);
  for (const { at, step, code, message } of steps) {
    output.line(`  ${at}  ${step}${code ? `  ${code}` : ''}  ${printable(message)}`);
  }
  printWarnings(output, file);
  if (file.outcome) output.line(`${printable(file.outcome.message)} ${printable(file.outcome.fix)}`);
}

const FILE = 'by its id, its name (the newest of that name) or a part of it';

export function addFileCommand(program: Command): void {
  program
    .command('file <tenant> <file>')
    .description(`what became of one file, ${FILE}`)
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const fileId = await findFile(api, path, text);
      const file = await api.call<FileView>('GET', `${path}/files/${segment(fileId)}`);
      output.json(file);
      printFile(output, file);
    });
}

export function addWithdrawCommand(program: Command): void {
  program
    .command('withdraw <tenant> <file>')
    .description(`withdraw one file that was sent over HTTP and has not surfaced, ${FILE}`)
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const fileId = await findFile(api, path, text);
      const file = await api.call<FileView>('DELETE', `${path}/files/${segment(fileId)}`);
      output.json(file);
      printFile(output, file);
    });
}

export function addExplainCommand(program: Command): void {
  program
    .command('explain <tenant> <file>')
    .description(`the whole story of one file, ${FILE}`)
    .option(
      '--watch',
      'print again when something changes, until the file is done, rejected or withdrawn, or waits for the tenant to go live',
    )
    .addHelpText('after', '\nExample:\n  $ callbay explain acme 20171012-140253_outbound_1234.wav')
    .action(async (tenant: string, text: string, options: { watch?: boolean }, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const fileId = await findFile(api, path, text);
      await watch(options.watch, async (output) => {
        const explanation = await api.call<Explanation>(
          'GET',
          `${path}/files/${segment(fileId)}/explanation`,
        );
        output.json(explanation);
        printExplanation(output, explanation);
        return isOpen(explanation.file) && !(await waitsForGoLive(api, path, explanation.file));
      });
    });
}

type RowOptions = Pick<ListOptions, 'state' | 'code' | 'limit' | 'watch'> & { readonly csv?: boolean };

export function addRowsCommand(program: Command): void {
  program
    .command('rows <tenant> <file>')
    .description(`the rows of a batch and what became of each, ${FILE}`)
    .option('--state <state>', 'received, held, done or rejected')
    .option('--code <code>', 'only with this outcome, such as NO_RECORDING')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .option('--csv', 'print all of them, 100,000 at most, as a CSV with the fields that the file gave')
    .option('--watch', 'print again when something changes')
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay rows acme calls-of-today.csv --state rejected --csv > refused.csv',
    )
    .action(async (tenant: string, text: string, options: RowOptions, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { limit, watch: isWatched, csv, ...filter } = options;
      const { api, path } = await openTenant(tenant);
      const fileId = await findFile(api, path, text);
      if (csv) {
        const rowsPath = `${path}/files/${segment(fileId)}/rows${queryOf({ ...filter, format: 'csv' })}`;
        process.stdout.write(await api.readText(rowsPath));
        return;
      }
      await watch(isWatched, async (output) => {
        const rows = await api.list<BatchRow>(
          `${path}/files/${segment(fileId)}/rows${queryOf(filter)}`,
          limit,
        );
        output.json(rows);
        output.table(
          ['LINE', 'STATE', 'CODE', 'CALL', 'MESSAGE'],
          rows.map(({ line, state, code, callId, message }) => [line, state, code, callId, message]),
        );
      });
    });
}
