import { readFile } from 'node:fs/promises';
import { CommandError, EXIT_CODES } from './exit-codes.ts';

/** The text of a file that somebody named on the command line. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CommandError(
      `${file} cannot be read (${code}): name a file that is there`,
      EXIT_CODES.failure,
      {
        cause: error,
      },
    );
  }
}
