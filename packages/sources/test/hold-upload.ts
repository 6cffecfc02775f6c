// A process that holds one upload open on the spool that its argument names, until it is killed.
import { writeSync } from 'node:fs';
import { createPartialStore } from '../src/sftp/partials.ts';

const [spoolDir = ''] = process.argv.slice(2);
const partials = createPartialStore(spoolDir);
await partials.open();
writeSync(partials.create('acme', 'live.wav').fd, 'half');
process.stdout.write('open\n');
process.stdin.resume();
