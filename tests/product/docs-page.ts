import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const ROOT = join(import.meta.dirname, '../..');

/** Blocks that are not run, by what they contain, each with the reason. */
export const NOT_RUN: readonly (readonly [contains: string, why: string])[] = [
  ['npm run demo', 'the demo and the whole suite have tests of their own'],
  ['npm start ', 'it runs already; tests/product/ten-steps.test.ts starts it so'],
];

const isRun = (block: string): boolean => !NOT_RUN.some(([contains]) => block.includes(contains));

/** The `sh` blocks of a page that are run, in their order. */
export async function blocksOf(page: string): Promise<string[]> {
  const content = await readFile(join(ROOT, page), 'utf8');
  return [...content.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block).filter(isRun);
}

export interface Shell {
  /** Where Callbay runs. */
  readonly home: string;
  readonly sftpPort: number;
  /** The pages call their tenant `acme`. */
  readonly tenant: string;
}

/** Commands as a reader of the pages has them, in a folder of their own. */
async function makeCommands(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-docs-'));
  const main = join(ROOT, 'apps/callbay/src/main.ts');
  const commands = {
    callbay: `exec '${process.execPath}' '${main}' "$@"`,
    // `npm run -s callbay -- ARG…`, without npm's own start.
    npm: `[ "$3" = callbay ] || exit 1; shift 4; exec callbay "$@"`,
    // Nobody is there to accept a host key.
    sftp: `exec /usr/bin/sftp -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$@"`,
  };
  for (const [name, line] of Object.entries(commands)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

/** Runs blocks one after another in one shell that ends with the first command that fails. */
export async function runBlocks(blocks: readonly string[], { home, sftpPort, tenant }: Shell) {
  const commands = await makeCommands();
  const folder = await mkdtemp(join(tmpdir(), 'callbay-docs-page-'));
  await symlink(join(ROOT, 'packages'), join(folder, 'packages'));
  const script = blocks
    .join('\n')
    .replace(/(?<=\s)acme(?=[\s-])/g, tenant)
    .replaceAll('-P 2222', `-P ${sftpPort}`)
    .replaceAll('/tmp/', `${folder}/`);
  const child = spawn('bash', ['-exuo', 'pipefail', '-c', script], {
    cwd: folder,
    env: {
      ...process.env,
      CALLBAY_HOME: home,
      XDG_CONFIG_HOME: folder,
      PATH: `${commands}:${process.env.PATH}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, log] = [text(child.stdout), text(child.stderr)];
  const [code] = await once(child, 'close');
  for (const made of [folder, commands]) await rm(made, { recursive: true });
  return { code: code as number, out: await out, log: await log };
}
