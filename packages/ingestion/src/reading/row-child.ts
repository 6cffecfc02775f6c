/**
 * The child process of the row reader: it runs one module on one file. Untrusted bytes are parsed here, without a
 * database URL or any secret, and under a heap limit.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { json } from 'node:stream/consumers';
import { endWithParent } from './end-with-parent.ts';
import type { RowModule, RowSink } from './row-module.ts';

endWithParent();

const { module, path, options } = (await json(process.stdin)) as {
  module: string;
  path: string;
  options: unknown;
};
const { readRows } = (await import(module)) as RowModule<unknown, unknown>;
const sink: RowSink = {
  async write(chunk) {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
  },
};
const report = await readRows(path, options, sink);
// The report comes last: who holds it has all rows.
await new Promise<void>((resolve) => process.stdout.end(resolve));
const out = createWriteStream('', { fd: 3 });
out.end(JSON.stringify(report));
await once(out, 'finish');
process.exit(0);
