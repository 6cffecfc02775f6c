// Writes docs/openapi.json from the routes. A test fails while the two differ.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOpenApi } from '@callbay/http';

const path = join(import.meta.dirname, '../docs/openapi.json');
await writeFile(path, await makeOpenApi());
process.stdout.write(`wrote ${path}\n`);
