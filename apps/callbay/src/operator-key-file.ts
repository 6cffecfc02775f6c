import { chmod } from 'node:fs/promises';
import type { KeyFile } from '@callbay/postgres';
import { readFileIfThere, replaceFile } from '@callbay/runtime';

/** The operator's key in the home, readable by its owner alone, also after somebody changed its mode. */
export const operatorKeyFile = (file: string): KeyFile => ({
  read: async () => {
    const text = await readFileIfThere(file);
    if (text !== null) await chmod(file, 0o600);
    return text === null ? null : text.trim();
  },
  write: (key) => replaceFile(file, `${key}\n`),
});
