import type { FileView, ReplayResult } from '@callbay/contracts';
import type { Command } from 'commander';
import type { OpenTenant } from '../context.ts';
import { contextOf, parseCount } from '../context.ts';
import { CommandError, EXIT_CODES } from '../exit-codes.ts';
import { findFile, segment } from '../find.ts';
import { createProgress } from '../progress.ts';

interface ReplayOptions {
  readonly code?: string;
  readonly mappingVersion?: number;
  readonly receivedFrom?: string;
  readonly receivedTo?: string;
  readonly dryRun?: boolean;
}

type Totals = Pick<ReplayResult, 'replayed' | 'skipped' | 'unchanged' | 'skippedByCode'>;

/** Sends the same filters with each cursor until nothing is left. */
async function replayAll({ api, path }: OpenTenant, options: ReplayOptions): Promise<Totals> {
  const totals = { replayed: 0, skipped: 0, unchanged: 0, skippedByCode: {} as Record<string, number> };
  const progress = createProgress();
  let cursor: string | null = null;
  do {
    const body: object = cursor === null ? options : { ...options, cursor };
    const result: ReplayResult = await api.call('POST', `${path}/replays`, body);
    totals.replayed += result.replayed;
    totals.skipped += result.skipped;
    totals.unchanged += result.unchanged;
    for (const [code, count] of Object.entries(result.skippedByCode))
      totals.skippedByCode[code] = (totals.skippedByCode[code] ?? 0) + count;
    progress(`replayed ${totals.replayed}, skipped ${totals.skipped}, unchanged ${totals.unchanged} so far`);
    cursor = result.nextCursor;
  } while (cursor !== null);
  return totals;
}

export function addReplayCommand(program: Command): void {
  program
    .command('replay <tenant> [file]')
    .description(
      'have one file read again by the newest mapping, or all files and calls that the options select',
    )
    .option('--code <code>', 'files and rows with this outcome, such as SCHEMA_DRIFT')
    .option(
      '--mapping-version <n>',
      'what this version of the mapping rejected, and calls read by it',
      parseCount,
    )
    .option('--received-from <instant>', 'files received at this RFC 3339 instant or later')
    .option('--received-to <instant>', 'files received before this RFC 3339 instant')
    .option('--dry-run', 'only count')
    .addHelpText(
      'after',
      `
Examples:
  $ callbay replay acme 20261120-140253_outbound_1234.json
  $ callbay replay acme --code SCHEMA_DRIFT --dry-run`,
    )
    .action(async (tenant: string, file: string | undefined, options: ReplayOptions, command: Command) => {
      const isSelecting = Object.entries(options).some(([name]) => name !== 'dryRun');
      if ((file === undefined) === !isSelecting || (file !== undefined && options.dryRun)) {
        throw new CommandError(
          'name one file, or select files by an option such as --code',
          EXIT_CODES.usage,
        );
      }
      const { output, openTenant } = contextOf(command);
      const open = await openTenant(tenant);
      if (file !== undefined) {
        const fileId = await findFile(open.api, open.path, file);
        const view = await open.api.call<FileView>('POST', `${open.path}/files/${segment(fileId)}/replay`);
        output.json(view);
        output.line(
          `${view.name} will be read again: \`callbay explain ${open.tenantId} ${view.id} --watch\``,
        );
        return;
      }
      const totals = await replayAll(open, options);
      output.json({ dryRun: options.dryRun === true, ...totals });
      output.pairs([
        [options.dryRun ? 'would be replayed' : 'replayed', totals.replayed],
        ['skipped', totals.skipped],
        ...Object.entries(totals.skippedByCode).map(([code, count]): [string, number] => [
          `  ${code}`,
          count,
        ]),
        ['unchanged', totals.unchanged],
      ]);
    });
}
