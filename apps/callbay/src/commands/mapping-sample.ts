import { basename } from 'node:path';
import type { Sample } from '@callbay/contracts';
import { namesOf } from '@callbay/core';
import type { Command } from 'commander';
import { contextOf, queryOf } from '../context.ts';
import { type Output, printable } from '../output.ts';
import { readFileBytes } from '../read-text-file.ts';

function printSample(output: Output, sample: Sample): void {
  output.line(
    `${sample.format}, ${sample.encoding}${sample.delimiter ? `, delimiter ${JSON.stringify(sample.delimiter)}` : ''}, ${sample.rowCount} records`,
  );
  const targets = new Map(
    sample.suggestion.fields.flatMap(({ source, target }) =>
      namesOf(source).map((one): [string, string] => [one, target]),
    ),
  );
  output.table(
    ['FIELD', 'TYPE', 'SUGGESTED FOR', 'EXAMPLES'],
    sample.fields.map(({ name, type, examples }) => [
      name,
      type,
      targets.get(name),
      examples.slice(0, 2).join(', '),
    ]),
  );
  for (const { code, message, at } of sample.issues)
    output.line(`decide  ${code}: ${printable(`${message}${at ? ` (${at})` : ''}`)}`);
  for (const { code, message, at } of sample.warnings)
    output.line(`warning ${code}: ${printable(`${message}${at ? ` (${at})` : ''}`)}`);
}

export function addSampleCommand(mapping: Command, kinds: string): void {
  mapping
    .command('sample <tenant> <file>')
    .description('what a sample of the customer’s metadata holds, and a suggested mapping; nothing is kept')
    .option('--kind <kind>', kinds, 'call')
    .option('--suggestion', 'print the suggested mapping alone, as `mapping publish` takes it')
    .addHelpText('after', '\nExample:\n  $ callbay mapping sample acme calls.csv --suggestion > mapping.json')
    .action(
      async (
        tenant: string,
        file: string,
        options: { kind: string; suggestion?: boolean },
        command: Command,
      ) => {
        const { output, openTenant } = contextOf(command);
        const content = await readFileBytes(file);
        const { api, path } = await openTenant(tenant);
        const query = queryOf({ kind: options.kind, name: basename(file) });
        const sample = await api.send<Sample>('POST', `${path}/mapping-samples${query}`, {
          content,
          type: 'application/octet-stream',
        });
        if (options.suggestion) {
          process.stdout.write(`${JSON.stringify(sample.suggestion, null, 2)}\n`);
          for (const { code, message } of sample.issues)
            process.stderr.write(`callbay: ${code}: ${printable(message)}\n`);
          return;
        }
        output.json(sample);
        printSample(output, sample);
      },
    );
}
