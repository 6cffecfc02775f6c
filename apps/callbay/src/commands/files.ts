import type { BatchRow, Explanation, FileView } from '@callbay/contracts';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { contextOf, parseCount, segment } from '../context.ts';
import { CommandError } from '../exit-codes.ts';
import { type Output, printable } from '../output.ts';

const filesPath = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}/files`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface ListOptions {
  readonly state?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly name?: string;
  readonly limit: number;
}

type RowOptions = Pick<ListOptions, 'state' | 'code' | 'limit'>;

export function addFilesCommand(program: Command): void {
  program
    .command('files <tenant>')
    .description('the files a tenant sent, newest first, and what became of each')
    .option('--state <state>', 'received, held, done, rejected or withdrawn')
    .option('--kind <kind>', 'recording, sidecar, batch, crm, bundle or unknown')
    .option('--code <code>', 'only with this outcome, such as LATE_UPDATE')
    .option('--name <name>', 'only of this name')
    .option('--limit <n>', 'at most so many', parseCount, 50)
    .addHelpText('after', '\nExample:\n  $ callbay files acme --state held')
    .action(async (tenantId: string, { limit, ...filter }: ListOptions, command: Command) => {
      const { output, openApi } = contextOf(command);
      const query = new URLSearchParams(filter as Record<string, string>);
      const path = query.size === 0 ? filesPath(tenantId) : `${filesPath(tenantId)}?${query}`;
      const files = await (await openApi()).list<FileView>(path, limit);
      output.json(files);
      output.table(
        ['RECEIVED', 'NAME', 'STATE', 'CODE', 'CALL', 'ID'],
        files.map((file) => [
          file.receivedAt,
          file.name,
          file.state,
          file.outcome?.code ?? null,
          file.callId,
          file.id,
        ]),
      );
    });
}

async function findFileId(api: ApiClient, tenantId: string, idOrName: string): Promise<string> {
  if (UUID.test(idOrName)) return idOrName;
  const query = new URLSearchParams({ name: idOrName });
  const [newest] = await api.list<FileView>(`${filesPath(tenantId)}?${query}`, 1);
  if (!newest) throw new CommandError(`tenant ${tenantId} sent no file named ${printable(idOrName)}`);
  return newest.id;
}

function printExplanation(output: Output, { file, steps }: Explanation): void {
  output.line(`${printable(file.name)}  ${file.sizeBytes} bytes  ${file.state}  ${file.outcome?.code ?? ''}`);
  for (const { at, step, code, message } of steps) {
    output.line(`  ${at}  ${step}${code ? `  ${code}` : ''}  ${printable(message)}`);
  }
  for (const { at, code, message } of file.warnings) {
    output.line(`  warning  ${code}  ${printable(message)}${at === null ? '' : ` (${printable(at)})`}`);
  }
  if (file.outcome) output.line(`${printable(file.outcome.message)} ${printable(file.outcome.fix)}`);
}

export function addExplainCommand(program: Command): void {
  program
    .command('explain <tenant> <file>')
    .description('the whole story of one file, by its id or its name (the newest of that name)')
    .addHelpText('after', '\nExample:\n  $ callbay explain acme 20171012-140253_outbound_1234.wav')
    .action(async (tenantId: string, idOrName: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const fileId = await findFileId(api, tenantId, idOrName);
      const explanation = await api.call<Explanation>(
        'GET',
        `${filesPath(tenantId)}/${segment(fileId)}/explanation`,
      );
      output.json(explanation);
      printExplanation(output, explanation);
    });
}

export function addRowsCommand(program: Command): void {
  program
    .command('rows <tenant> <file>')
    .description(
      'the rows of a batch and what became of each, by its id or its name (the newest of that name)',
    )
    .option('--state <state>', 'received, held, done or rejected')
    .option('--code <code>', 'only with this outcome, such as NO_RECORDING')
    .option('--limit <n>', 'at most so many', parseCount, 50)
    .addHelpText('after', '\nExample:\n  $ callbay rows acme calls-of-today.csv --state rejected')
    .action(async (tenantId: string, idOrName: string, options: RowOptions, command: Command) => {
      const { output, openApi } = contextOf(command);
      const { limit, ...filter } = options;
      const api = await openApi();
      const fileId = await findFileId(api, tenantId, idOrName);
      const query = new URLSearchParams(filter as Record<string, string>);
      const rows = await api.list<BatchRow>(`${filesPath(tenantId)}/${segment(fileId)}/rows?${query}`, limit);
      output.json(rows);
      output.table(
        ['LINE', 'STATE', 'CODE', 'CALL', 'MESSAGE'],
        rows.map(({ line, state, code, callId, message }) => [line, state, code, callId, message]),
      );
    });
}
