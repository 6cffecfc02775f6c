import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { CommandError, EXIT_CODES } from './exit-codes.ts';

/** The bytes of a file that somebody named on the command line; `-` is standard input. */
export async function readFileBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(file === '-' ? await buffer(process.stdin) : await readFile(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CommandError(`${file} cannot be read (${code}): name an existing file`, EXIT_CODES.failure, {
      cause: error,
    });
  }
}

export const readTextFile = async (file: string): Promise<string> =>
  new TextDecoder().decode(await readFileBytes(file));

/** The JSON document in a file. */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readTextFile(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${file} is not JSON: ${(error as Error).message}`, EXIT_CODES.failure, {
      cause: error,
    });
  }
}
