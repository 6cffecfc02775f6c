import { EmbeddedPostgresError } from '@callbay/embedded';
import { ConfigError, ServiceError } from '@callbay/runtime';
import { CommanderError } from 'commander';
import { endQuietlyOnBrokenPipe } from './broken-pipe.ts';
import { CommandError, EXIT_CODES } from './exit-codes.ts';
import { nearestCommands } from './nearest.ts';
import { createProgram } from './program.ts';

/** What commander reports of words that are not a command of ours. */
const UNKNOWN_WORDS = ['commander.unknownCommand', 'commander.excessArguments'];

function suggest(error: CommanderError, words: readonly string[]): void {
  if (!UNKNOWN_WORDS.includes(error.code)) return;
  const nearest = nearestCommands(program, words);
  if (nearest.length === 0) return;
  process.stderr.write(`Did you mean:\n${nearest.map((command) => `  callbay ${command}\n`).join('')}`);
}

function report(error: unknown, words: readonly string[]): number {
  // Commander has printed its message already; asking for help is not an error.
  if (error instanceof CommanderError) {
    suggest(error, words);
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`callbay: ${message}\n`);
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT_CODES.usage;
  if (error instanceof EmbeddedPostgresError || error instanceof ServiceError) return EXIT_CODES.unreachable;
  return EXIT_CODES.failure;
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
endQuietlyOnBrokenPipe(process.stdout, words[0] === 'up');
const program = createProgram();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error, words);
}
