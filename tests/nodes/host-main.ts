// The first process of a host of its own: brings in what it shares with others, runs `callbay up`, and lets clients in.
// Its argument is a HostPlan as JSON.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { HostPlan } from './host.ts';
import { relay } from './relay.ts';

const plan = JSON.parse(process.argv[2] ?? '') as HostPlan;
for (const { from, to } of plan.relays) await relay(from, to);
const callbay = spawn(process.execPath, [join(import.meta.dirname, '../../apps/callbay/src/main.ts'), 'up'], {
  env: { ...process.env, ...plan.env },
  stdio: ['ignore', 'inherit', 'inherit'],
});
callbay.once('exit', (code) => process.exit(code ?? 1));
