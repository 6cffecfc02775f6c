import type { ApiKey, CreatedApiKey } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount } from '../context.ts';
import { findApiKey, findTenant } from '../find.ts';

interface CreateOptions {
  readonly role: string;
  readonly tenant: readonly string[];
  readonly label: string;
  readonly expiresAt?: string;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

export function addApiKeyCommands(program: Command): void {
  const apiKey = program.command('api-key').description('who may use the API');
  apiKey
    .command('create')
    .description('make an API key; shown this once')
    .requiredOption('--role <role>', 'operator, manager, tenant or engine')
    .requiredOption('--label <label>', 'whose it is, or what uses it')
    .option('--tenant <tenant>', 'a tenant it may use; may be given several times', collect, [])
    .option('--expires-at <instant>', 'RFC 3339 instant after which it no longer works')
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay api-key create --role manager --tenant acme --label "Jo, implementation"',
    )
    .action(async ({ tenant, ...rest }: CreateOptions, command: Command) => {
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const tenantIds = [];
      for (const text of tenant) tenantIds.push(await findTenant(api, text, { isWhole: true }));
      const made = await api.call<CreatedApiKey>('POST', '/v1/api-keys', { ...rest, tenantIds });
      output.json(made);
      output.line(`${made.key}   (shown this once)`);
      output.line(`id ${made.id}`);
    });
  apiKey
    .command('list')
    .description('API keys and tokens in force; never their secrets')
    .option('--limit <n>', 'maximum number of results', parseCount, 500)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { output, openApi } = contextOf(command);
      const keys = await (await openApi()).list<ApiKey>('/v1/api-keys', limit);
      output.json(keys);
      output.table(
        ['ID', 'FORM', 'ROLE', 'LABEL', 'TENANTS', 'LAST USED', 'EXPIRES'],
        keys.map((key) => [
          key.id,
          key.form,
          key.role,
          key.label,
          key.tenantIds.join(' '),
          key.lastUsedAt,
          key.expiresAt,
        ]),
      );
    });
  apiKey
    .command('revoke <key>')
    .description('revoke a key or token, by its id or its whole label, from the next request on')
    .action(async (text: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const api = await openApi();
      const id = await findApiKey(api, text);
      await api.call('DELETE', `/v1/api-keys/${id}`);
      output.json({ revoked: id });
      output.line(`revoked ${id}`);
    });
}
