import { basename } from 'node:path';
import type { CrmPreview, Preview } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount } from '../context.ts';
import { mappingPath, readDraft } from '../mapping-draft.ts';
import { type Output, printable } from '../output.ts';
import { readFileBytes, readJsonFile } from '../read-text-file.ts';

interface PreviewOptions {
  readonly kind: string;
  readonly sample?: string;
  readonly lastFiles?: number;
}

const isOfCalls = (preview: Preview | CrmPreview): preview is Preview => 'files' in preview;

function printIssues(output: Output, issues: readonly { code: string; message: string }[]): void {
  for (const { code, message } of issues) output.line(`  ${code}: ${printable(message)}`);
}

function printSample(output: Output, preview: Preview | CrmPreview): void {
  if (preview.sample === null) return;
  output.line(`sample, read as ${preview.sample.encoding}`);
  output.pairs(Object.entries(preview.sample.counts).map(([name, count]) => [`  ${name}`, count]));
  printIssues(output, preview.sample.issues);
  printIssues(output, preview.sample.warnings);
  const read = 'records' in preview.sample ? preview.sample.records : preview.sample.rows;
  for (const { at, issues } of read) {
    if (issues.length > 0) output.line(`${printable(at)}`);
    printIssues(output, issues);
  }
}

function printFiles(output: Output, preview: Preview | CrmPreview): void {
  if (!isOfCalls(preview) || preview.files === null) return;
  const { counts, newlyRejected, newlyHeld, newlyReleased, changedCalls } = preview.files;
  output.line('last files');
  output.pairs(Object.entries(counts).map(([name, count]) => [`  ${name}`, count]));
  output.table(
    ['CHANGE', 'FILE', 'CODE', 'DETAIL'],
    [
      ...newlyRejected.map((one) => ['rejected', one.name, one.code, one.message]),
      ...newlyHeld.map((one) => ['held', one.name, one.code, one.message]),
      ...newlyReleased.map((one) => ['released', one.name, one.code, one.message]),
      ...changedCalls.map((one) => [
        'changed',
        one.name,
        null,
        one.changes
          .map((change) => `${change.field}: ${JSON.stringify(change.old)} → ${JSON.stringify(change.new)}`)
          .join(', '),
      ]),
    ],
  );
}

export function addPreviewCommand(mapping: Command, kinds: string): void {
  mapping
    .command('preview <tenant> <file>')
    .description('what a draft would change, beside the version in force; nothing is stored')
    .option('--kind <kind>', kinds, 'call')
    .option('--sample <file>', 'try it on this file')
    .option('--last-files <n>', 'try it on the files that came last', parseCount)
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay mapping preview acme mapping.json --sample calls.csv --last-files 100',
    )
    .action(async (tenant: string, file: string, options: PreviewOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const mappingDraft = readDraft(await readJsonFile(file));
      const { sample, lastFiles } = options;
      const tried =
        sample === undefined
          ? {}
          : {
              sample: {
                name: basename(sample),
                base64: Buffer.from(await readFileBytes(sample)).toString('base64'),
              },
            };
      const { api, path } = await openTenant(tenant);
      const preview = await api.call<Preview | CrmPreview>(
        'POST',
        `${mappingPath(path, options.kind)}/preview`,
        { mapping: mappingDraft, ...tried, ...(lastFiles === undefined ? {} : { lastFiles }) },
      );
      output.json(preview);
      output.line(`beside version ${preview.liveVersion ?? '(preset)'}`);
      printSample(output, preview);
      printFiles(output, preview);
    });
}
