import type { CreatedToken, Readiness, Tenant } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, queryOf } from '../context.ts';
import { type Output, printable } from '../output.ts';
import { parseSettings } from '../parse-settings.ts';
import { addGuideCommand } from './tenant-guide.ts';
import { addSetUpCommands } from './tenant-set-up.ts';

function printTenant(output: Output, tenant: Tenant): void {
  output.json(tenant);
  output.line(
    `${tenant.id}  ${tenant.name}  stage=${tenant.stage}  timeZone=${tenant.timeZone ?? '(not set)'}`,
  );
}

function printReadiness(output: Output, readiness: Readiness): void {
  output.line(readiness.isReady ? 'ready to go live' : 'not ready to go live');
  for (const { ok, code, message } of readiness.checks) {
    if (ok) output.line(`  ok   ${code}: ${message}`);
  }
  for (const { required, code, message, fix, examples } of readiness.findings) {
    output.line(`  ${required ? 'FAIL' : 'warn'} ${code}: ${printable(message)}`);
    if (examples.length > 0) output.line(`         such as ${examples.map(printable).join(', ')}`);
    output.line(`         fix: ${printable(fix)}`);
  }
}

function addCreate(tenant: Command): void {
  tenant
    .command('create <id>')
    .description('make a tenant; it validates and reports, and surfaces nothing before it goes live')
    .requiredOption('--name <name>', 'its name for people')
    .option('--time-zone <zone>', 'IANA zone of the times in file names, such as America/New_York')
    .option('--stage <stage>', 'setup, verification or live')
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay tenant create acme --name "Acme Inc" --time-zone America/New_York --stage live',
    )
    .action(
      async (id: string, options: { name: string; timeZone?: string; stage?: string }, command: Command) => {
        const { output, openApi } = contextOf(command);
        printTenant(output, await (await openApi()).call<Tenant>('POST', '/v1/tenants', { id, ...options }));
      },
    );
}

interface UpdateOptions {
  readonly name?: string;
  readonly timeZone?: string;
  readonly stage?: string;
  readonly set: readonly string[];
  readonly confirm?: boolean;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

function addUpdate(tenant: Command): void {
  tenant
    .command('update <tenant>')
    .description('change a tenant; what is not named stays')
    .option('--name <name>', 'its name for people')
    .option('--time-zone <zone>', 'IANA zone of the times in file names')
    .option('--stage <stage>', 'setup, verification, live or suspended')
    .option(
      '--set <setting=value>',
      'one setting, a JSON value or text; may be given several times',
      collect,
      [],
    )
    .option('--confirm', 'also where a data retention deletes calls')
    .addHelpText(
      'after',
      `
Examples:
  $ callbay tenant update acme --time-zone Europe/Berlin
  $ callbay tenant update acme --set crmWaitSeconds=600 --set 'alerts.emails=["it@acme.example"]'`,
    )
    .action(async (text: string, options: UpdateOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { set, confirm, ...change } = options;
      const settings = parseSettings(set);
      const { api, path } = await openTenant(text, { isWhole: true });
      const query = queryOf({ confirm });
      printTenant(output, await api.call<Tenant>('PATCH', `${path}${query}`, { ...change, settings }));
    });
}

function addReading(tenant: Command): void {
  tenant
    .command('list')
    .description('all tenants')
    .option('--limit <n>', 'maximum number of results', parseCount, 500)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { output, openApi } = contextOf(command);
      const tenants = await (await openApi()).list<Tenant>('/v1/tenants', limit);
      output.json(tenants);
      output.table(
        ['ID', 'NAME', 'STAGE', 'TIME ZONE'],
        tenants.map(({ id, name, stage, timeZone }) => [id, name, stage, timeZone]),
      );
    });
  tenant
    .command('show <tenant>')
    .description('one tenant, and what still stands between it and going live')
    .option('--watch', 'print again when something changes')
    .action(async (text: string, options: { watch?: boolean }, command: Command) => {
      const { openTenant, watch } = contextOf(command);
      const { api, path } = await openTenant(text);
      await watch(options.watch, async (output) => {
        const found = await api.call<Tenant>('GET', path);
        const readiness = await api.call<Readiness>('GET', `${path}/readiness`);
        output.json({ ...found, readiness });
        if (output.isJson) return;
        printTenant(output, found);
        printReadiness(output, readiness);
      });
    });
}

function addToken(tenant: Command): void {
  tenant
    .command('token <tenant>')
    .description('make a JWT that reads this tenant; shown this once')
    .option('--label <label>', 'what uses it')
    .option('--expires-at <instant>', 'RFC 3339 instant after which it no longer works')
    .action(async (text: string, options: { label?: string; expiresAt?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(text);
      const made = await api.call<CreatedToken>('POST', `${path}/tokens`, options);
      output.json(made);
      output.line(`${made.jwt}   (shown this once)`);
      output.line(`id ${made.id}, works until ${made.expiresAt}`);
    });
}

function addGoLive(tenant: Command): void {
  tenant
    .command('go-live <tenant>')
    .description('surface its calls from now on, those that are complete already included')
    .option('--surface-from <instant>', 'only calls that started at or after this RFC 3339 instant')
    .addHelpText('after', '\nExample:\n  $ callbay tenant go-live acme --surface-from 2026-03-01T00:00:00Z')
    .action(async (text: string, options: { surfaceFrom?: string }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(text, { isWhole: true });
      printTenant(output, await api.call<Tenant>('POST', `${path}/go-live`, options));
    });
}

export function addTenantCommands(program: Command): void {
  const tenant = program.command('tenant').description('make, list, show and change tenants');
  addCreate(tenant);
  addReading(tenant);
  addUpdate(tenant);
  addGoLive(tenant);
  addToken(tenant);
  addGuideCommand(tenant);
  addSetUpCommands(tenant);
}
