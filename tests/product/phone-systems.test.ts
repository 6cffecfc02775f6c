import { type RunningProduct, startProduct } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PHONE_SYSTEMS, type PhoneSystem, STEM } from '../../packages/ingestion/test/phone-systems.ts';
import { blocksOf, runBlocks } from './docs-page.ts';

const PAGE = 'docs/setting-up.md';
const LAST_STEP = 'callbay tenant go-live';

let product: RunningProduct;
beforeAll(async () => {
  product = await startProduct();
}, 120_000);
afterAll(() => product[Symbol.asyncDispose]());

/** The commands of the page up to live calls, with this system's sample and recordings in place of the page's. */
async function walkOf({ name, text, recordings = [STEM] }: PhoneSystem): Promise<string[]> {
  const blocks = await blocksOf(PAGE);
  const last = blocks.findIndex((block) => block.includes(LAST_STEP));
  // Metadata that names no recording has its recording's name.
  const file = recordings[0] === STEM ? `${STEM}.${name.split('.').at(-1)}` : name;
  const media = recordings.map((recording) => `cp packages/testkit/fixtures/media/call.wav ${recording}.wav`);
  return blocks.slice(0, last + 1).map((block) =>
    block
      .replace(/(?<=<<'END'\n)datetime.*?\n(?=END$)/ms, () => (text.endsWith('\n') ? text : `${text}\n`))
      .replace(/(?:^cp .*\n)+/m, `${media.join('\n')}\n`)
      .replaceAll('calls.csv', file)
      .replaceAll('outbound_joe.wav', `${recordings[0]}.wav`),
  );
}

test.each(PHONE_SYSTEMS)(
  `${PAGE} leads from a sample of $system to its live calls without a wrong turn`,
  async (system) => {
    const blocks = await walkOf(system);
    expect(blocks.length).toBeGreaterThanOrEqual(7);
    expect(blocks.join()).not.toContain('joe@acme.example');
    const { home, sftpPort } = product;
    const { code, out, log } = await runBlocks(blocks, { home, sftpPort, tenant: `acme-${system.system}` });
    expect(code, `${out}\n${log}`).toBe(0);
    expect(log).not.toMatch(/^callbay: /m);
    // No question is left that the sample answers.
    expect(out).not.toMatch(/^decide/m);
    const calls = out.slice(out.indexOf('CALL  STARTED')).split('\n').slice(1);
    const rows = (system.recordings ?? [STEM]).map((_, n) => calls[n] ?? '');
    for (const row of rows)
      for (const part of [system.call.user, system.call.direction]) expect(row, out).toContain(part);
  },
  120_000,
);
