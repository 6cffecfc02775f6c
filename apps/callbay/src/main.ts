import { EmbeddedPostgresError } from '@callbay/embedded';
import { ConfigError } from '@callbay/runtime';
import { CommanderError } from 'commander';
import { CommandError, EXIT_CODES } from './exit-codes.ts';
import { createProgram } from './program.ts';

function report(error: unknown): number {
  // Commander has printed its own words already; asking for help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`callbay: ${message}\n`);
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT_CODES.usage;
  if (error instanceof EmbeddedPostgresError) return EXIT_CODES.unreachable;
  return EXIT_CODES.failure;
}

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
