// Runs one of our scripts on the pinned Node, after a bootstrap: `node scripts/run.mjs SCRIPT [ARG…]`.
// Built-ins only, like the bootstrap. Signals are passed on and the exit code is the script's own.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, resolve } from 'node:path';
import { bootstrap, orExplain, pinnedNode, root } from './bootstrap.mjs';

const [script, ...args] = process.argv.slice(2);
if (!script) {
  process.stderr.write('usage: node scripts/run.mjs SCRIPT [ARG…]\n');
  process.exit(2);
}
orExplain(bootstrap);

const child = spawn(pinnedNode, [resolve(root, script), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(pinnedNode)}${delimiter}${process.env.PATH ?? ''}` },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
  process.on(signal, () => {
    // A terminal's Ctrl-C reaches the child by itself; passing it on would count as the second, forcing one.
    const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    if (!isFromTerminal) child.kill(signal);
  });
}
child.once('error', (error) => {
  process.stderr.write(`[run] cannot start ${pinnedNode}: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
});
