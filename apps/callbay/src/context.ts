import { type Config, loadConfig } from '@callbay/runtime';
import { type Command, InvalidArgumentError } from 'commander';
import { type ApiClient, type ApiOptions, openApi } from './api-client.ts';
import { createOutput, type Output } from './output.ts';

/** What every command works with, read from the global options. */
export interface Context {
  readonly config: Config;
  readonly output: Output;
  openApi(): Promise<ApiClient>;
}

interface GlobalOptions extends ApiOptions {
  readonly json?: boolean;
}

/** Reads the configuration when the command runs, not before: `--help` works with a broken one. */
export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const loaded = loadConfig();
  const output = createOutput(options.json === true, (text) => process.stdout.write(text));
  return { config: loaded, output, openApi: () => openApi(loaded, options) };
}

/** A positive whole number out of a command line. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999999.');
  return Number(text);
}

/** A path segment out of an id that somebody typed. */
export const segment = encodeURIComponent;
