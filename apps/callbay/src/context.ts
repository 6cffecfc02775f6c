import { type Config, loadConfig, readEnv } from '@callbay/runtime';
import { type Command, InvalidArgumentError } from 'commander';
import { type ApiClient, type ApiOptions, openApi } from './api-client.ts';
import { findTenant, tenantPath } from './find.ts';
import { createOutput, type Output } from './output.ts';
import type { PickOptions } from './pick-one.ts';
import { watchOutput } from './watch.ts';

/** One tenant as the command line named it. */
export interface OpenTenant {
  readonly api: ApiClient;
  readonly tenantId: string;
  /** `/v1/tenants/<id>`. */
  readonly path: string;
}

/** What every command works with, read from the global options. */
export interface Context {
  readonly config: Config;
  readonly output: Output;
  openApi(): Promise<ApiClient>;
  /** The tenant with this id or name, or with a part of one. */
  openTenant(text: string, whole?: Pick<PickOptions, 'isWhole'>): Promise<OpenTenant>;
  /** Runs `show` once, or with `--watch` again and again; see `watchOutput`. */
  watch(isWatched: boolean | undefined, show: (output: Output) => Promise<unknown>): Promise<void>;
}

interface GlobalOptions extends ApiOptions {
  readonly json?: boolean;
}

/** Reads the configuration when the command runs, not before: `--help` works with a broken one. */
export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const loaded = loadConfig();
  const isJson = options.json === true;
  const output = createOutput(isJson, (text) => process.stdout.write(text));
  const open = () => openApi(loaded, options);
  return {
    config: loaded,
    output,
    openApi: open,
    openTenant: async (text, whole) => {
      const api = await open();
      const tenantId = await findTenant(api, text, whole);
      return { api, tenantId, path: tenantPath(tenantId) };
    },
    watch: async (isWatched, show) => {
      if (isWatched === true) await watchOutput(isJson, show);
      else await show(output);
    },
  };
}

/** As `contextOf`, for commands that work in CALLBAY_HOME: one that cannot be written is a configuration problem. */
export function hostContextOf(command: Command): Pick<Context, 'config' | 'output'> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = createOutput(options.json === true, (text) => process.stdout.write(text));
  return { config: loadConfig(readEnv(), { usesHome: true }), output };
}

/** A positive whole number out of a command line. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999999.');
  return Number(text);
}

/** The options that were given, as a query string with its question mark; empty where none was. */
export function queryOf(options: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
