import type { SftpKey, SftpUser } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount } from '../context.ts';
import { CommandError } from '../exit-codes.ts';
import { findSftpKey, findSftpUser, segment } from '../find.ts';
import type { Output } from '../output.ts';
import { readTextFile } from '../read-text-file.ts';

const userPath = (path: string, username: string): string => `${path}/sftp-users/${segment(username)}`;

async function readPublicKey(file: string): Promise<string> {
  const content = await readTextFile(file);
  if (content.includes('PRIVATE KEY')) {
    throw new CommandError(
      `${file} holds a private key, which must never leave its owner: give the .pub file beside it`,
    );
  }
  return content.trim();
}

function printUser(output: Output, user: SftpUser): void {
  output.json(user);
  output.line(`user      ${user.username}`);
  if (user.password) output.line(`password  ${user.password}   (shown this once)`);
  output.line(`connect   sftp -P ${user.port} ${user.username}@${user.host}`);
  for (const { type, fingerprint } of user.hostKeys) output.line(`host key  ${type} ${fingerprint}`);
  if (user.keys.length === 0 && !user.hasPassword) {
    output.line('Nobody can log in with it yet: it has no key and no password. Add a key:');
    output.line(`  callbay sftp-user key add <tenant> ${user.username} <file>.pub`);
  }
  for (const { id, label, fingerprint } of user.keys)
    output.line(`key       ${fingerprint}  ${label ?? ''}  ${id}`);
}

interface AddOptions {
  readonly username?: string;
  readonly label?: string;
  readonly publicKey?: string;
  readonly withPassword?: boolean;
  readonly allowPasswords?: boolean;
  readonly canRead?: string;
  readonly allow?: string[];
}

function addAdd(sftpUser: Command): void {
  sftpUser
    .command('add <tenant>')
    .description('make an SFTP user; prints how to connect')
    .option('--username <name>', 'unique over all tenants; made from the tenant’s id when not given')
    .option('--label <label>', 'what it is for')
    .option('--public-key <file>', 'its OpenSSH public key; - reads standard input')
    .option('--with-password', 'make a password, shown this once')
    .option('--allow-passwords', 'first let this tenant’s users log in with passwords')
    .option('--can-read <what>', 'all, receipts or none', 'all')
    .option('--allow <cidr...>', 'only from these address ranges')
    .addHelpText(
      'after',
      `
Examples:
  $ callbay sftp-user add acme --public-key ~/.ssh/id_ed25519.pub
  $ callbay sftp-user add acme --username acme-pbx --with-password --allow-passwords --allow 203.0.113.0/24`,
    )
    .action(async (tenant: string, options: AddOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { publicKey: file, allow, allowPasswords, ...rest } = options;
      const publicKey = file === undefined ? undefined : await readPublicKey(file);
      const { api, path } = await openTenant(tenant);
      if (allowPasswords) await api.call('PATCH', path, { settings: { passwordLogin: true } });
      const body = { ...rest, publicKey, allowedCidrs: allow };
      printUser(output, await api.call<SftpUser>('POST', `${path}/sftp-users`, body));
    });
}

interface UpdateOptions {
  readonly label?: string;
  readonly canRead?: string;
  readonly allow?: string[];
  readonly allowAll?: boolean;
  readonly newPassword?: boolean;
  readonly password?: boolean;
}

function addUpdate(sftpUser: Command): void {
  sftpUser
    .command('update <tenant> <username>')
    .description('change a user, or make a new password for it')
    .option('--label <label>', 'what it is for')
    .option('--can-read <what>', 'all, receipts or none')
    .option('--allow <cidr...>', 'only from these address ranges')
    .option('--allow-all', 'from every address')
    .option('--new-password', 'make a new password in place of the old one, shown this once')
    .option('--no-password', 'remove the password')
    .addHelpText('after', '\nExample:\n  $ callbay sftp-user update acme acme-pbx --new-password')
    .action(async (tenant: string, text: string, options: UpdateOptions, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const username = await findSftpUser(api, path, text, { isWhole: true });
      const { label, canRead } = options;
      const allowedCidrs = options.allowAll ? [] : options.allow;
      // Commander gives `password` as true unless `--no-password` stands there.
      const withPassword = options.newPassword ? true : options.password === false ? false : undefined;
      const body = { label, canRead, allowedCidrs, withPassword };
      printUser(output, await api.call<SftpUser>('PATCH', userPath(path, username), body));
    });
}

function addReadAndRemove(sftpUser: Command): void {
  sftpUser
    .command('list <tenant>')
    .description('the SFTP users of a tenant')
    .option('--limit <n>', 'maximum number of results', parseCount, 500)
    .action(async (tenant: string, { limit }: { limit: number }, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const users = await api.list<SftpUser>(`${path}/sftp-users`, limit);
      output.json(users);
      output.table(
        ['USERNAME', 'LABEL', 'KEYS', 'PASSWORD', 'CAN READ'],
        users.map((user) => [
          user.username,
          user.label,
          user.keys.length,
          user.hasPassword ? 'yes' : 'no',
          user.canRead,
        ]),
      );
    });
  sftpUser
    .command('show <tenant> <username>')
    .description('one user, and how to connect')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const username = await findSftpUser(api, path, text);
      printUser(output, await api.call<SftpUser>('GET', userPath(path, username)));
    });
  sftpUser
    .command('remove <tenant> <username>')
    .description('remove a user; its open sessions end')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const username = await findSftpUser(api, path, text, { isWhole: true });
      await api.call('DELETE', userPath(path, username));
      output.json({ removed: username });
      output.line(`removed ${username}`);
    });
}

function addKeyAdd(key: Command): void {
  key
    .command('add <tenant> <username> <file>')
    .description('let a public key in; - reads standard input')
    .option('--label <label>', 'whose it is')
    .option('--expires-at <instant>', 'RFC 3339 instant after which it no longer works')
    .addHelpText(
      'after',
      '\nExample:\n  $ callbay sftp-user key add acme acme-pbx ./id_ed25519.pub --label "new PBX"',
    )
    .action(
      async (
        tenant: string,
        text: string,
        file: string,
        options: { label?: string; expiresAt?: string },
        command: Command,
      ) => {
        const { output, openTenant } = contextOf(command);
        const body = { publicKey: await readPublicKey(file), ...options };
        const { api, path } = await openTenant(tenant);
        const username = await findSftpUser(api, path, text, { isWhole: true });
        const added = await api.call<SftpKey>('POST', `${userPath(path, username)}/keys`, body);
        output.json(added);
        output.line(`added ${added.fingerprint}  ${added.id}`);
      },
    );
}

function addKeyListAndRemove(key: Command): void {
  key
    .command('list <tenant> <username>')
    .description('the keys of a user')
    .action(async (tenant: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant);
      const username = await findSftpUser(api, path, text);
      const keys = await api.list<SftpKey>(`${userPath(path, username)}/keys`, 500);
      output.json(keys);
      output.table(
        ['ID', 'LABEL', 'FINGERPRINT', 'LAST USED', 'EXPIRES'],
        keys.map((one) => [one.id, one.label, one.fingerprint, one.lastUsedAt, one.expiresAt]),
      );
    });
  key
    .command('remove <tenant> <username> <key>')
    .description('revoke a key, by its id, label or fingerprint; sessions opened with it end')
    .action(async (tenant: string, user: string, text: string, _options, command: Command) => {
      const { output, openTenant } = contextOf(command);
      const { api, path } = await openTenant(tenant, { isWhole: true });
      const username = await findSftpUser(api, path, user, { isWhole: true });
      const keyId = await findSftpKey(api, userPath(path, username), text);
      await api.call('DELETE', `${userPath(path, username)}/keys/${segment(keyId)}`);
      output.json({ removed: keyId });
      output.line(`removed ${keyId}`);
    });
}

export function addSftpUserCommands(program: Command): void {
  const sftpUser = program.command('sftp-user').description('who may push files for a tenant');
  addAdd(sftpUser);
  addReadAndRemove(sftpUser);
  addUpdate(sftpUser);
  const key = sftpUser.command('key').description('the public keys of a user');
  addKeyAdd(key);
  addKeyListAndRemove(key);
}
