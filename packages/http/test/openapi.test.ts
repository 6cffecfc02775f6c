import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOpenApi } from '../src/index.ts';
import { startApi } from './support.ts';

const committed = join(import.meta.dirname, '../../../docs/openapi.json');

test('the committed OpenAPI document is what the routes say: after a change, run `npm run openapi`', async () => {
  expect(await readFile(committed, 'utf8')).toBe(await makeOpenApi());
});

test('every route says who may call it, has a name of its own, a summary and the problem answer', async () => {
  const { paths } = JSON.parse(await makeOpenApi());
  const operations = Object.entries<Record<string, { operationId: string }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
  );
  expect(operations.length).toBeGreaterThan(30);
  for (const operation of operations) {
    expect(operation, operation.route).toMatchObject({
      'x-access': expect.stringMatching(/^(public|trace|read|send|analyze|manage|operate)$/),
      operationId: expect.any(String),
      summary: expect.any(String),
      responses: expect.objectContaining({ default: expect.anything() }),
    });
  }
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the document names its server and the product, and `/` leads to the page of it', async () => {
  const { servers, info } = JSON.parse(await makeOpenApi());
  expect([servers[0].url, info.title]).toEqual(['/', 'Callbay']);
  await using api = await startApi();
  const root = await fetch(`${api.url}/`, { redirect: 'manual' });
  expect([root.status, root.headers.get('location')]).toEqual([302, '/docs']);
  const page = await api.ask('GET /docs/', { key: null });
  expect(page.text).toContain('<title>Callbay API</title>');
});
