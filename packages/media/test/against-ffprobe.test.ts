import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectFile, makeFolder } from './files.ts';
import {
  askFfprobe,
  hasFfmpeg,
  KINDS,
  type Kind,
  makeRecordings,
  type Source,
  sumPackets,
} from './recordings.ts';

const page = fileURLToPath(new URL('../../../docs/media.md', import.meta.url));
const SHARES = [0.3, 0.7, 0.99];
/** One in the suite; a long run asks for all. The table is that of the first. */
const SOURCES: readonly Source[] = [
  { seconds: 7.3, channels: 1, rate: 16_000 },
  { seconds: 4.1, channels: 2, rate: 8_000 },
  { seconds: 31, channels: 2, rate: 48_000 },
  { seconds: 65, channels: 1, rate: 8_000 },
];
const sources = process.env.MEDIA_SOURCES === 'all' ? SOURCES : SOURCES.slice(0, 1);
if (!hasFfmpeg) console.warn('SKIPPED: ffmpeg is not installed, so durations are not held against ffprobe.');

const truthOf = (kind: Kind, path: string, source: Source): number => {
  if (kind.truth === 'packets') return sumPackets(path);
  return kind.truth === undefined ? askFfprobe(path).seconds : kind.truth * source.seconds;
};

const findCuts = async (path: string): Promise<(boolean | undefined)[]> => {
  const cuts = SHARES.map((share) => Math.floor(statSync(path).size * share));
  const found = await Promise.all(cuts.map((sizeBytes) => inspectFile(path, sizeBytes)));
  return found.map(({ media }) => media?.isTruncated);
};

const DECLARES_NOTHING = new Set(
  'bare.mp3 layer2.mp2 sound.aac sound.amr raw.gsm mp2.mpg ac3.mpg aac.ts mp2.ts ac3.m2ts twice.mpg twice.ts'.split(
    ' ',
  ),
);

const rowOf = async (kind: Kind, folder: string): Promise<string> => {
  const path = join(folder, kind.name);
  const { media } = await inspectFile(path);
  const truth = truthOf(kind, path, SOURCES[0]!);
  const peer = askFfprobe(path).seconds;
  const isPeerRight = Math.abs(peer - truth) <= Math.max(0.05, truth * 0.01);
  const found = (await findCuts(path)).map((isFound) => (isFound ? 'yes' : 'no'));
  const duration = media?.durationSeconds === null ? 'unknown' : kind.duration;
  const cells = [
    kind.format,
    kind.codec,
    duration,
    media?.channels,
    isPeerRight ? 'agrees' : 'is wrong',
    ...found,
  ];
  return `| ${cells.join(' | ')} |`;
};

const BEGIN = '<!-- begin: measured -->';
const END = '<!-- end: measured -->';
const HEADER = `| container | codec | duration | channels | ffprobe | cut at 30% found | at 70% | at 99% |
|---|---|---|---|---|---|---|---|`;

const count = { recordings: 0, accusedWhole: 0, cuts: 0, found: 0, undeclared: 0, missed: 0 };
const missedCuts: string[] = [];
afterAll(() => {
  if (count.recordings === 0) return;
  process.stdout.write(`recordings and their cuts: ${JSON.stringify(count)}\n`);
  process.stdout.write(`cuts missed where a length is declared: ${missedCuts.join(', ') || 'none'}\n`);
});

/** Counts the cuts of a recording, and keeps those that its declared length should have shown. */
function countCuts(name: string, source: Source, found: readonly (boolean | undefined)[]): void {
  for (const [index, isFound] of found.entries()) {
    count.cuts += 1;
    if (isFound === true) count.found += 1;
    else if (DECLARES_NOTHING.has(name)) count.undeclared += 1;
    else {
      count.missed += 1;
      missedCuts.push(`${name} of ${source.seconds} s at ${Math.round(SHARES[index]! * 100)}%`);
    }
  }
}

describe.skipIf(!hasFfmpeg)(
  'durations, channels and truncation are what ffprobe and the bytes say (C7, C8)',
  () => {
    describe.for(sources)('of $seconds s, $channels channels, $rate Hz', (source) => {
      const folder = makeFolder();
      beforeAll(() => makeRecordings(folder.path, source), 120_000);
      afterAll(() => folder.remove());

      test.for(KINDS)('$name: $codec', async (kind) => {
        const path = join(folder.path, kind.name);
        const { media, warnings } = await inspectFile(path);
        count.recordings += 1;
        if (media?.isTruncated) count.accusedWhole += 1;
        expect({ isTruncated: media?.isTruncated, warnings }).toEqual({ isTruncated: false, warnings: [] });
        expect(media?.channels).toBe(kind.channels ?? source.channels);
        const truth = truthOf(kind, path, source);
        const tolerance = Math.max(0.05, truth * 0.01);
        expect(Math.abs((media?.durationSeconds ?? Number.NaN) - truth)).toBeLessThanOrEqual(tolerance);
      });

      test('a cut is found in every format that declares its length', async () => {
        const missed: string[] = [];
        for (const { name } of KINDS) {
          const found = await findCuts(join(folder.path, name));
          countCuts(name, source, found);
          // Nothing of these says how long they are meant to be.
          if (DECLARES_NOTHING.has(name))
            expect({ name, found }).toEqual({ name, found: [false, false, false] });
          else if (found[0] !== true || (found[1] !== true && name !== 'half.mp3')) missed.push(name);
        }
        expect(missed).toEqual([]);
      });

      test.runIf(source === SOURCES[0])(
        'the table in docs/media.md is what was measured',
        { timeout: 120_000 },
        async () => {
          const rows: string[] = [];
          for (const kind of KINDS) rows.push(await rowOf(kind, folder.path));
          const text = readFileSync(page, 'utf8');
          const table = `${BEGIN}\n${[HEADER, ...rows].join('\n')}\n${END}`;
          const written = `${text.slice(0, text.indexOf(BEGIN))}${table}${text.slice(text.indexOf(END) + END.length)}`;
          if (process.env.UPDATE_DOCS === '1') writeFileSync(page, written);
          expect(readFileSync(page, 'utf8')).toBe(written);
        },
      );
    });
  },
);
