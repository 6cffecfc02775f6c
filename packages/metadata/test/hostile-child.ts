import { parseMetadata } from '../src/index.ts';
import { HOSTILE_FILES } from './hostile-files.ts';

// Reads every hostile file in one process, one line of output each: milliseconds of CPU, records, first code.
for (const { format, text } of HOSTILE_FILES) {
  const bytes = Buffer.from(text());
  const start = process.cpuUsage();
  const { records, issues } = parseMetadata({ bytes, format });
  const { user, system } = process.cpuUsage(start);
  console.log(`${Math.round((user + system) / 1_000)} ${records.length} ${issues[0]?.code}`);
}
