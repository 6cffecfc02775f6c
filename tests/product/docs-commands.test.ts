import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningProduct, startProduct } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, NOT_RUN, ROOT, runBlocks } from './docs-page.ts';

/** docs/setting-up.md is walked by tests/product/ten-steps.test.ts. */
const PAGES = ['README.md', 'docs/operating.md'];

let product: RunningProduct;
beforeAll(async () => {
  product = await startProduct();
}, 120_000);
afterAll(() => product[Symbol.asyncDispose]());

test.each(PAGES)(
  'every command of %s works as it is written',
  async (page) => {
    const blocks = await blocksOf(page);
    expect(blocks.length).toBeGreaterThan(0);
    const { home, sftpPort } = product;
    const tenant = `acme-${PAGES.indexOf(page)}`;
    const { code, out, log } = await runBlocks(blocks, { home, sftpPort, tenant });
    expect(code, `${out}\n${log}`).toBe(0);
  },
  120_000,
);

test('a block is left out for a reason that still holds', async () => {
  const pages = await Promise.all(PAGES.map((page) => readFile(join(ROOT, page), 'utf8')));
  for (const [contains] of NOT_RUN) expect(pages.join()).toContain(contains);
});
