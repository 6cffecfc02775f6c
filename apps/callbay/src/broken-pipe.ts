import type { Writable } from 'node:stream';

/**
 * Ends the command quietly once nobody reads its output any more, as `callbay … | head` does. `isLasting` commands go on:
 * they serve others, whoever read their first line.
 */
export function endQuietlyOnBrokenPipe(output: Writable, isLasting: boolean): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!isLasting) process.exit();
  });
}
