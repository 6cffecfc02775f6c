import { spawn, spawnSync } from 'node:child_process';
import type { Fixture } from './fixture.ts';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a real client to its end; `input` goes to its standard input. */
export function run(
  command: string,
  args: readonly string[],
  input = '',
  env: Record<string, string> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: 60_000 });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes;
    });
    child.stderr.on('data', (bytes: Buffer) => {
      output += bytes;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

export const isInstalled = (command: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

export const SSH_OPTIONS = [
  '-F',
  '/dev/null',
  '-oStrictHostKeyChecking=no',
  '-oUserKnownHostsFile=/dev/null',
  '-oLogLevel=ERROR',
  '-oBatchMode=yes',
  '-oIdentitiesOnly=yes',
];

/** OpenSSH's sftp, with a batch of commands. */
export const sftp = (drop: Fixture, commands: string, options: readonly string[] = []): Promise<Ran> =>
  run(
    'sftp',
    [
      ...SSH_OPTIONS,
      ...options,
      '-i',
      drop.keyPath,
      '-P',
      String(drop.port),
      '-b',
      '-',
      'acme-push@127.0.0.1',
    ],
    commands,
  );

export const scp = (drop: Fixture, ...args: string[]): Promise<Ran> =>
  run('scp', [...SSH_OPTIONS, '-i', drop.keyPath, '-P', String(drop.port), ...args]);
