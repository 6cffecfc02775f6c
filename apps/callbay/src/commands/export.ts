import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { contextOf, queryOf } from '../context.ts';
import { createProgress } from '../progress.ts';

interface ExportOptions {
  readonly format: string;
  readonly afterCallId?: string;
  readonly changedAfter?: string;
  readonly includeDeleted?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly columns?: string;
}

const PER_PAGE = '5000';

export function addExportCommand(program: Command): void {
  program
    .command('export <tenant> <file>')
    .description('write a tenant’s surfaced calls to a new file')
    .addOption(new Option('--format <format>', 'of the file').choices(['csv', 'ndjson']).default('csv'))
    .option('--after-call-id <n>', 'only calls with a greater number')
    .option('--changed-after <n>', 'only with a greater changeSeq, in its order')
    .option('--include-deleted', 'with --changed-after: calls that were deleted since')
    .option('--from <instant>', 'that started at this RFC 3339 instant or later')
    .option('--to <instant>', 'that started at this RFC 3339 instant or before')
    .option('--columns <names>', 'names of columns, with commas between them')
    .addHelpText('after', '\nExample:\n  $ callbay export acme calls.csv --after-call-id 11345')
    .action(async (tenant: string, file: string, options: ExportOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, tenantId } = await openTenant(tenant);
      const { format, afterCallId, changedAfter, from, to, columns } = options;
      const query = queryOf({
        contextId: tenantId,
        format,
        per_page: PER_PAGE,
        afterCallId,
        changedAfter,
        includeDeleted: options.includeDeleted ? 'true' : undefined,
        fromTime: from,
        toTime: to,
        columns,
      });
      await using handle = await open(file, 'wx');
      const progress = createProgress();
      let bytes = 0;
      for await (const page of api.readPages(`/v1/sa/call${query}`)) {
        // Every page of a CSV begins with the header: the file has it once.
        const text = format === 'csv' && bytes > 0 ? page.slice(page.indexOf('\n') + 1) : page;
        bytes += (await handle.write(text)).bytesWritten;
        progress(`${(bytes / 1024 / 1024).toFixed(1)} MiB so far`);
      }
      await handle.sync();
      output.json({ tenantId, file, format, bytes });
      output.line(`wrote ${bytes} bytes in ${file}`);
    });
}
