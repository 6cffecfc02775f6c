import { parseMetadata } from '../src/index.ts';
import { HOSTILE_FILES } from './hostile-files.ts';

// Reads every hostile file in one process, one line of output each: milliseconds, records, first code.
for (const { format, text } of HOSTILE_FILES) {
  const bytes = Buffer.from(text());
  const start = performance.now();
  const { records, issues } = parseMetadata({ bytes, format });
  console.log(`${Math.round(performance.now() - start)} ${records.length} ${issues[0]?.code}`);
}
