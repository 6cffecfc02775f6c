import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolder, readEnv, readFileIfThere, replaceFile } from '@callbay/runtime';
import { CommandError } from './exit-codes.ts';

/** The server that `callbay login` chose, and the API key to use there. */
export interface Login {
  readonly url: string;
  readonly key: string;
}

/** Where a login is stored: in the user's configuration folder, not in a home, because the server is elsewhere. */
export function loginFile(): string {
  const folder = readEnv().XDG_CONFIG_HOME || join(homedir(), '.config');
  return join(folder, 'callbay', 'login.json');
}

const isLogin = (value: unknown): value is Login =>
  typeof value === 'object' &&
  value !== null &&
  'url' in value &&
  typeof value.url === 'string' &&
  URL.canParse(value.url) &&
  'key' in value &&
  typeof value.key === 'string';

function parseLogin(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller says that the file is damaged.
    return null;
  }
}

export async function readLogin(): Promise<Login | null> {
  const file = loginFile();
  const text = await readFileIfThere(file);
  if (text === null) return null;
  const login = parseLogin(text);
  if (!isLogin(login)) throw new CommandError(`${file} is not a stored login: run \`callbay login\` again`);
  return login;
}

/** Stores the login, readable by its owner alone. */
export async function writeLogin(login: Login): Promise<void> {
  const file = loginFile();
  await makeFolder(dirname(file), 0o700);
  await replaceFile(file, `${JSON.stringify(login)}\n`);
}

export const removeLogin = (): Promise<void> => rm(loginFile(), { force: true });
