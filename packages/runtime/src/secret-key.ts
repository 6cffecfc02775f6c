import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { type Config, ConfigError, parseSecretKey } from './config.ts';
import { createFile, readFileIfThere } from './durable-file.ts';
import { makeHome } from './home.ts';

async function readKeyFile(file: string): Promise<Buffer | null> {
  const text = await readFileIfThere(file);
  if (text === null) return null;
  const key = parseSecretKey(text.trim());
  if (key) return key;
  const message = `${file} does not hold a key of 32 bytes: put it back from a backup, everything sealed depends on it`;
  throw new ConfigError([{ variable: 'CALLBAY_SECRET_KEY', message }]);
}

/**
 * The 32 bytes that everything reversible is sealed under: configured, or kept in the home and made there on first
 * start (mode 0600).
 */
export async function loadSecretKey(config: Pick<Config, 'secretKey' | 'secretKeyFile'>): Promise<Buffer> {
  if (config.secretKey) return config.secretKey;
  const known = await readKeyFile(config.secretKeyFile);
  if (known) return known;
  await makeHome(dirname(config.secretKeyFile));
  // Durable before it is used: what was sealed with a lost key is lost too. Where another process made one in the
  // meantime, that one counts.
  await createFile(config.secretKeyFile, `${randomBytes(32).toString('base64')}\n`);
  const made = await readKeyFile(config.secretKeyFile);
  if (!made) throw new Error(`${config.secretKeyFile} was removed while it was made`);
  return made;
}
