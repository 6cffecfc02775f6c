import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, ConfigError, parseSecretKey } from './config.ts';

async function readKeyFile(file: string): Promise<Buffer | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const key = parseSecretKey(text.trim());
  if (key) return key;
  const message = `${file} does not hold a key of 32 bytes: put it back from a backup, everything sealed depends on it`;
  throw new ConfigError([{ variable: 'CALLBAY_SECRET_KEY', message }]);
}

/** Durable before it is used: a key lost after something was sealed with it is gone for good. */
async function makeKeyFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64')}\n`);
    await handle.sync();
    await link(draft, file);
  } catch (error) {
    // Another process made it in the meantime: theirs counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The 32 bytes that everything reversible is sealed under: configured, or kept in the home and made there on first
 * start (mode 0600).
 */
export async function loadSecretKey(config: Pick<Config, 'secretKey' | 'secretKeyFile'>): Promise<Buffer> {
  if (config.secretKey) return config.secretKey;
  const known = await readKeyFile(config.secretKeyFile);
  if (known) return known;
  await makeKeyFile(config.secretKeyFile);
  const made = await readKeyFile(config.secretKeyFile);
  if (!made) throw new Error(`${config.secretKeyFile} was removed while it was made`);
  return made;
}
