import type { Readiness, Tenant } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, segment } from '../context.ts';
import { type Output, printable } from '../output.ts';
import { addSetUpCommands } from './tenant-set-up.ts';

const pathOf = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}`;

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

function addUpdate(tenant: Command): void {
  tenant
    .command('update <id>')
    .description('change a tenant; what is not named stays')
    .option('--name <name>', 'its name for people')
    .option('--time-zone <zone>', 'IANA zone of the times in file names')
    .option('--stage <stage>', 'setup, verification, live or suspended')
    .action(
      async (id: string, options: { name?: string; timeZone?: string; stage?: string }, command: Command) => {
        const { output, openApi } = contextOf(command);
        printTenant(output, await (await openApi()).call<Tenant>('PATCH', pathOf(id), options));
      },
    );
}

function addReading(tenant: Command): void {
  tenant
    .command('list')
    .description('all tenants')
    .option('--limit <n>', 'at most so many', parseCount, 500)
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
    .command('show <id>')
    .description('one tenant, and what still stands between it and going live')
    .action(async (id: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const found = await api.call<Tenant>('GET', pathOf(id));
      const readiness = await api.call<Readiness>('GET', `${pathOf(id)}/readiness`);
      output.json({ ...found, readiness });
      if (output.isJson) return;
      printTenant(output, found);
      printReadiness(output, readiness);
    });
}

function addGoLive(tenant: Command): void {
  tenant
    .command('go-live <id>')
    .description('surface its calls from now on, those that are complete already included')
    .option('--surface-from <instant>', 'only calls that started at or after this RFC 3339 instant')
    .addHelpText('after', '\nExample:\n  $ callbay tenant go-live acme --surface-from 2026-03-01T00:00:00Z')
    .action(async (id: string, options: { surfaceFrom?: string }, command: Command) => {
      const { output, openApi } = contextOf(command);
      printTenant(output, await (await openApi()).call<Tenant>('POST', `${pathOf(id)}/go-live`, options));
    });
}

export function addTenantCommands(program: Command): void {
  const tenant = program.command('tenant').description('make, list, show and change tenants');
  addCreate(tenant);
  addReading(tenant);
  addUpdate(tenant);
  addGoLive(tenant);
  addSetUpCommands(tenant);
}
