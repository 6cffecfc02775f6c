import { text } from 'node:stream/consumers';
import type { SftpKey, SftpUser } from '@callbay/contracts';
import type { Command } from 'commander';
import { contextOf, parseCount, segment } from '../context.ts';
import { CommandError } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { readTextFile } from '../read-text-file.ts';

const usersPath = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}/sftp-users`;
const userPath = (tenantId: string, username: string): string =>
  `${usersPath(tenantId)}/${segment(username)}`;

async function readPublicKey(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : await readTextFile(file);
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
  for (const { id, label, fingerprint } of user.keys)
    output.line(`key       ${fingerprint}  ${label ?? ''}  ${id}`);
}

interface AddOptions {
  readonly username?: string;
  readonly label?: string;
  readonly publicKey?: string;
  readonly withPassword?: boolean;
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
    .option('--can-read <what>', 'all, receipts or none', 'all')
    .option('--allow <cidr...>', 'only from these address ranges')
    .addHelpText(
      'after',
      `
Examples:
  $ callbay sftp-user add acme --public-key ~/.ssh/id_ed25519.pub
  $ callbay sftp-user add acme --username acme-pbx --with-password --allow 203.0.113.0/24`,
    )
    .action(async (tenantId: string, options: AddOptions, command: Command) => {
      const { output, openApi } = contextOf(command);
      const { publicKey: file, allow, ...rest } = options;
      const user = await (await openApi()).call<SftpUser>('POST', usersPath(tenantId), {
        ...rest,
        ...(file === undefined ? {} : { publicKey: await readPublicKey(file) }),
        ...(allow === undefined ? {} : { allowedCidrs: allow }),
      });
      printUser(output, user);
    });
}

function addListAndRemove(sftpUser: Command): void {
  sftpUser
    .command('list <tenant>')
    .description('the SFTP users of a tenant')
    .option('--limit <n>', 'at most so many', parseCount, 500)
    .action(async (tenantId: string, { limit }: { limit: number }, command: Command) => {
      const { output, openApi } = contextOf(command);
      const users = await (await openApi()).list<SftpUser>(usersPath(tenantId), limit);
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
    .command('remove <tenant> <username>')
    .description('remove a user; its open sessions end')
    .action(async (tenantId: string, username: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      await (await openApi()).call('DELETE', userPath(tenantId, username));
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
        tenantId: string,
        username: string,
        file: string,
        options: { label?: string; expiresAt?: string },
        command: Command,
      ) => {
        const { output, openApi } = contextOf(command);
        const body = { publicKey: await readPublicKey(file), ...options };
        const added = await (await openApi()).call<SftpKey>(
          'POST',
          `${userPath(tenantId, username)}/keys`,
          body,
        );
        output.json(added);
        output.line(`added ${added.fingerprint}  ${added.id}`);
      },
    );
}

function addKeyListAndRemove(key: Command): void {
  key
    .command('list <tenant> <username>')
    .description('the keys of a user')
    .action(async (tenantId: string, username: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      const keys = await (await openApi()).list<SftpKey>(`${userPath(tenantId, username)}/keys`, 500);
      output.json(keys);
      output.table(
        ['ID', 'LABEL', 'FINGERPRINT', 'LAST USED', 'EXPIRES'],
        keys.map((one) => [one.id, one.label, one.fingerprint, one.lastUsedAt, one.expiresAt]),
      );
    });
  key
    .command('remove <tenant> <username> <keyId>')
    .description('revoke a key; sessions opened with it end')
    .action(async (tenantId: string, username: string, keyId: string, _options, command: Command) => {
      const { output, openApi } = contextOf(command);
      await (await openApi()).call('DELETE', `${userPath(tenantId, username)}/keys/${segment(keyId)}`);
      output.json({ removed: keyId });
      output.line(`removed ${keyId}`);
    });
}

export function addSftpUserCommands(program: Command): void {
  const sftpUser = program.command('sftp-user').description('who may push files for a tenant');
  addAdd(sftpUser);
  addListAndRemove(sftpUser);
  const key = sftpUser.command('key').description('the public keys of a user');
  addKeyAdd(key);
  addKeyListAndRemove(key);
}
