import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Tenant } from '@callbay/contracts';
import type { Command } from 'commander';
import { clientOf, readKey } from '../api-client.ts';
import { contextOf } from '../context.ts';
import { CommandError, EXIT_CODES } from '../exit-codes.ts';
import { loginFile, removeLogin, writeLogin } from '../login-file.ts';

interface LoginOptions {
  readonly allowHttp?: boolean;
  readonly keyFile?: string;
}

/** A key that is typed is not shown. */
async function askForKey(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).trim();
  process.stderr.write('API key: ');
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    return (await lines.question('')).trim();
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

const isLocal = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

/** The server's address without a path. Throws where a key would travel unencrypted. */
function readServer(address: string, isHttpAllowed: boolean): string {
  const url = URL.parse(address.includes('://') ? address : `https://${address}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new CommandError(`\`${address}\` is not an http or https address`, EXIT_CODES.usage);
  }
  if (url.protocol === 'http:' && !isLocal(url) && !isHttpAllowed) {
    throw new CommandError(
      'http sends the API key unencrypted: use https, or --allow-http on a network that you trust',
      EXIT_CODES.usage,
    );
  }
  return url.origin;
}

export function addLoginCommands(program: Command): void {
  program
    .command('login <url>')
    .description('use a Callbay server elsewhere from now on; checks the API key and stores it')
    .option('--allow-http', 'send the key over unencrypted http')
    .addHelpText(
      'after',
      `
The key is asked for, read from standard input, or from the file of --key-file. It is stored in
~/.config/callbay/login.json (or below XDG_CONFIG_HOME), readable by you alone. \`callbay logout\` removes it.

Examples:
  $ callbay login https://callbay.example.com
  $ callbay login https://callbay.example.com < api.key`,
    )
    .action(async (address: string, _options, command: Command) => {
      const { allowHttp, keyFile } = command.optsWithGlobals<LoginOptions>();
      const { output } = contextOf(command);
      const url = readServer(address, allowHttp === true);
      const key = keyFile === undefined ? await askForKey() : await readKey(keyFile);
      if (key === '') throw new CommandError('no API key was given', EXIT_CODES.usage);
      const tenants = await clientOf({ base: url, key }).list<Tenant>('/v1/tenants', 1);
      await writeLogin({ url, key });
      output.json({ url, file: loginFile() });
      output.line(`logged in to ${url}`);
      if (tenants.length === 0) output.line('It has no tenants that this key may see.');
    });
  program
    .command('logout')
    .description('remove the stored login; the Callbay of this home is used again')
    .action(async (_options, command: Command) => {
      const { output } = contextOf(command);
      await removeLogin();
      output.json({ removed: loginFile() });
      output.line('logged out');
    });
}
