import { mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Why CALLBAY_HOME cannot be used, or null where it can. A folder is made in it, or in the nearest parent that is there,
 * and removed again: permissions alone do not tell a file system that takes no folders, such as /proc.
 */
export function whyHomeUnusable(home: string): string | null {
  let folder = home;
  for (;;) {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory()) break;
    if (found) return `is not a folder, or lies below ${folder}, which is not`;
    if (dirname(folder) === folder) return 'has no parent folder';
    folder = dirname(folder);
  }
  try {
    rmdirSync(mkdtempSync(join(folder, '.callbay-probe-')));
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return `cannot be written by this user: no folder can be made in ${folder} (${code})`;
  }
}
