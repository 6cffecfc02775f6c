import { basename } from 'node:path';
import type { Mapping, MappingLint, MappingPresetList } from '@callbay/contracts';
import { labelOf } from '@callbay/core';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { mappingPath, readDraft } from '../mapping-draft.ts';
import { type Output, printable } from '../output.ts';
import { readJsonFile } from '../read-text-file.ts';
import { addPreviewCommand } from './mapping-preview.ts';
import { addSampleCommand } from './mapping-sample.ts';

function printMapping(output: Output, { fields }: Pick<Mapping, 'fields'>): void {
  output.table(
    ['SOURCE', 'TARGET', 'TYPE', 'REQUIRED', 'FORMATS'],
    fields.map((field) => [
      labelOf(field.source),
      field.target,
      field.type,
      field.required ? 'yes' : 'no',
      field.formats?.join(', '),
    ]),
  );
}

const KIND = 'what it reads: call, contacts, leads, opportunities, cases or accounts';

function addReading(mapping: Command): void {
  mapping
    .command('show <tenant>')
    .description('the field mapping in force; with --json as `publish` takes it')
    .option('--kind <kind>', KIND, 'call')
    .action(async (tenant: string, { kind }: { kind: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.call<Mapping>('GET', mappingPath(path, kind));
      output.json(found);
      output.line(`version ${found.version} of ${found.publishedAt}`);
      printMapping(output, found);
    });
  mapping
    .command('versions <tenant>')
    .description('every version that was published, newest first')
    .option('--kind <kind>', KIND, 'call')
    .option('--limit <n>', 'maximum number of results', parseCount, 50)
    .action(async (tenant: string, options: { kind: string; limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const found = await api.list<Mapping>(`${mappingPath(path, options.kind)}/versions`, options.limit);
      output.json(found);
      output.table(
        ['VERSION', 'PUBLISHED', 'FIELDS'],
        found.map(({ version, publishedAt, fields }) => [version, publishedAt, fields.length]),
      );
    });
  mapping
    .command('presets <tenant>')
    .description('field mappings to start from')
    .action(async (tenant: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const { items } = await api.call<MappingPresetList>('GET', `${path}/mappings/presets`);
      output.json(items);
      output.table(
        ['NAME', 'FIELDS', 'DESCRIPTION'],
        items.map(({ name, fields, description }) => [name, fields.length, description]),
      );
    });
}

function addPublish(mapping: Command): void {
  mapping
    .command('publish <tenant> <file>')
    .description(
      'publish a field mapping: the JSON that `mapping sample --json` or `mapping show --json` printed',
    )
    .option('--kind <kind>', KIND, 'call')
    .option('--if-version <n>', 'only while this version is in force', parseCount)
    .addHelpText(
      'after',
      `
Example:
  $ callbay mapping sample acme calls.csv --suggestion > mapping.json
  $ callbay mapping publish acme mapping.json`,
    )
    .action(
      async (
        tenant: string,
        file: string,
        options: { kind: string; ifVersion?: number },
        command: Command,
      ) => {
        const { output, openTenant } = contextOf(command);
        const draft = readDraft(await readJsonFile(file));
        const { api, path } = await openTenant(tenant);
        const condition = options.ifVersion === undefined ? {} : { 'if-match': `"${options.ifVersion}"` };
        const found = await api.call<Mapping>('PUT', mappingPath(path, options.kind), draft, condition);
        output.json(found);
        output.line(`published version ${found.version} from ${basename(file)}`);
        printWarnings(output, found);
      },
    );
}

function printWarnings(output: Output, { warnings = [] }: Mapping): void {
  for (const { code, message, at } of warnings)
    output.line(`warning ${code}: ${printable(`${message}${at ? ` (${at})` : ''}`)}`);
}

function addRollback(mapping: Command): void {
  mapping
    .command('rollback <tenant> <version>')
    .description('publish what an earlier version says as the next version')
    .option('--kind <kind>', KIND, 'call')
    .action(async (tenant: string, version: string, { kind }: { kind: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const body = { version: parseCount(version) };
      const found = await api.call<Mapping>('POST', `${mappingPath(path, kind)}/rollback`, body);
      output.json(found);
      output.line(`published version ${found.version}, which says what version ${version} said`);
      printWarnings(output, found);
    });
}

function addLint(mapping: Command): void {
  mapping
    .command('lint <tenant>')
    .description('how the mapping in force fits the records that came last')
    .option('--kind <kind>', KIND, 'call')
    .action(async (tenant: string, { kind }: { kind: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const lint = await api.call<MappingLint>('GET', `${mappingPath(path, kind)}/lint${queryOf({})}`);
      output.json(lint);
      output.line(`${lint.records} records compared with version ${lint.version ?? '(preset)'}`);
      output.table(
        ['FINDING', 'SOURCE', 'TARGET', 'SEEN'],
        [
          ...lint.requiredNeverGiven.map((one) => ['required, never given', one.source, one.target, 0]),
          ...lint.neverSeen.map((one) => ['never seen', one.source, one.target, 0]),
          ...lint.unmapped.map((one) => ['not mapped', one.source, null, one.seen]),
          ...lint.nested.map((one) => ['nested value', one.path, one.name, one.seen]),
        ],
      );
    });
}

export function addMappingCommands(program: Command): void {
  const mapping = program.command('mapping').description('how the fields of a customer’s files are read');
  addSampleCommand(mapping, KIND);
  addPreviewCommand(mapping, KIND);
  addPublish(mapping);
  addRollback(mapping);
  addReading(mapping);
  addLint(mapping);
}
