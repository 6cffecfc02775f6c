import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BundleFile,
  pairTriggers,
  parseBundleName,
  parseFileName,
  readBundleList,
  readTranscript,
} from '../../src/index.ts';
import { DEFAULT_SETTINGS } from '../../src/policy.ts';

describe('case 102: the name of a bundle is split at its last `+`', () => {
  test.each([
    ['KAIA-2026-03-02T10:00:00+00:00+Mdp-V8_c.zip', 'bundle', '2026-03-02T10:00:00+00:00', 'Mdp-V8_c'],
    ['KAIA-2026-03-02T10:00:00Z+abc.done', 'trigger', '2026-03-02T10:00:00Z', 'abc'],
    ['kaia-2026-03-02T10:00:00Z+abc.ZIP', 'bundle', '2026-03-02T10:00:00Z', 'abc'],
    ['KAIA-abc.zip', 'bundle', null, 'abc'],
    ['KAIA-2026-03-03T08:00:00+00:00.end', 'list', '2026-03-03T08:00:00+00:00', null],
  ])('%s', (name, role, time, instanceId) => {
    expect(parseBundleName(name)).toEqual({
      role,
      stem: name.slice(0, name.lastIndexOf('.')),
      time,
      instanceId,
    });
  });

  test.each(['KAIA-.zip', 'calls.zip', 'KAIA-a+b.json', 'KAIA.done', 'a.end'])('%s is none', (name) => {
    expect(parseBundleName(name)).toBeNull();
  });

  test('a member says nothing by its name, and is not warned of', () => {
    const parsed = parseFileName('KAIA-2026-03-02T10:00:00+00:00+abc.mp4', DEFAULT_SETTINGS);
    expect(parsed).toMatchObject({ kind: 'recording', wallTime: null, issues: [], warnings: [] });
  });
});

const file = (fileId: string, role: BundleFile['role'], receiveSeq: number, more = {}): BundleFile => ({
  fileId,
  role,
  receiveSeq,
  withdrawnSeq: null,
  isPurgedUnpaired: false,
  ...more,
});
const pairs = (...files: BundleFile[]) =>
  Object.fromEntries(
    [...pairTriggers(files)].map(([id, pairing]) => [id, 'with' in pairing ? pairing.with : pairing.is]),
  );

describe('case 101: archives and triggers pair in the order in which they were received', () => {
  test('either may come first', () => {
    expect(pairs(file('z', 'bundle', 1), file('d', 'trigger', 2))).toEqual({ z: 'd', d: 'z' });
    expect(pairs(file('d', 'trigger', 1), file('z', 'bundle', 2))).toEqual({ z: 'd', d: 'z' });
  });

  test('a new archive needs a new trigger', () => {
    const first = [file('z1', 'bundle', 1), file('d1', 'trigger', 2), file('z2', 'bundle', 3)];
    expect(pairs(...first)).toEqual({ z1: 'd1', d1: 'z1', z2: 'waiting' });
    expect(pairs(...first, file('d2', 'trigger', 4))).toMatchObject({ z2: 'd2', d2: 'z2' });
  });

  test('of two that wait, the later one counts', () => {
    expect(pairs(file('z1', 'bundle', 1), file('z2', 'bundle', 2), file('d', 'trigger', 3))).toEqual({
      z1: 'superseded',
      z2: 'd',
      d: 'z2',
    });
    expect(pairs(file('d1', 'trigger', 1), file('d2', 'trigger', 2))).toEqual({
      d1: 'superseded',
      d2: 'waiting',
    });
  });

  test('what was removed or purged while it waited pairs with nothing', () => {
    expect(pairs(file('z', 'bundle', 1, { withdrawnSeq: 2 }), file('d', 'trigger', 3))).toEqual({
      z: 'withdrawn',
      d: 'waiting',
    });
    expect(pairs(file('z', 'bundle', 1, { withdrawnSeq: 3 }), file('d', 'trigger', 2))).toEqual({
      z: 'd',
      d: 'z',
    });
    expect(pairs(file('z', 'bundle', 1, { isPurgedUnpaired: true }), file('d', 'trigger', 2))).toEqual({
      z: 'purged',
      d: 'waiting',
    });
  });

  const roles = fc.array(fc.constantFrom('bundle' as const, 'trigger' as const), { maxLength: 30 });

  test('in whatever order rows are listed, and a pair that stands never changes', () => {
    fc.assert(
      fc.property(
        roles,
        fc.nat(30),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (given, cut, chance) => {
          const files = given.map((role, n) => file(`${n}`, role, n));
          const all = pairs(...files);
          const order = new Map(files.map(({ fileId }) => [fileId, chance.next().value as number]));
          const shuffled = files.toSorted((a, b) => order.get(a.fileId)! - order.get(b.fileId)!);
          expect(pairs(...shuffled)).toEqual(all);
          for (const [id, pairing] of Object.entries(pairs(...files.slice(0, cut))))
            if (/^\d+$/.test(pairing)) expect(all[id]).toBe(pairing);
        },
      ),
    );
  });
});

describe('case 104: a transcript is read to segments', () => {
  test('the example of the export', () => {
    const text = `00:00:06 - (2)Mike Goodwin:\n\nHello. How's everyone doing? \n\n00:00:10 - (1)Neil Deason:\n\nGreat.\n`;
    expect(readTranscript(text)).toEqual({
      segments: [
        {
          from: 6000,
          until: null,
          channel: null,
          speaker: 'Mike Goodwin',
          text: "Hello. How's everyone doing?",
        },
        { from: 10_000, until: null, channel: null, speaker: 'Neil Deason', text: 'Great.' },
      ],
      warnings: [],
    });
  });

  test.each([
    ['no name', '00:00:10 - (1):\nhi', [10_000, '(1)', 'hi']],
    ['a name that holds `:`', '00:00:10 - (1)Room 4: Ann:\nhi', [10_000, 'Room 4: Ann', 'hi']],
    ['a name with parentheses', '01:02:03 - (12)Ann (Sales):\nhi', [3_723_000, 'Ann (Sales)', 'hi']],
    [
      'line ends of Windows and a BOM',
      '\ufeff00:00:10 - (1)Ann:\r\n\r\nhi\r\nthere\r\n',
      [10_000, 'Ann', 'hi\nthere'],
    ],
    [
      'what looks like a head and is none',
      '00:00:10 - (1)Ann:\n00:99:10 - (1)Bob:',
      [10_000, 'Ann', '00:99:10 - (1)Bob:'],
    ],
    ['nothing said', '00:00:10 - (1)Ann:', [10_000, 'Ann', '']],
  ])('%s', (_title, text, [from, speaker, said]) => {
    expect(readTranscript(text).segments).toEqual([
      { from, until: null, channel: null, speaker, text: said },
    ]);
  });

  test('a long utterance is kept whole with a warning, and stray text is told of', () => {
    const long = 'a'.repeat(70_000);
    const { segments, warnings } = readTranscript(`Title\n00:00:10 - (1)Ann:\n${long}`);
    expect(segments[0]!.text).toBe(long);
    expect(warnings.map(({ code }) => code)).toEqual(['VALUE_TOO_LONG', 'ROW_IGNORED']);
  });
});

test.each([
  ['one a line', 'KAIA-a+1.zip\nKAIA-a+2.zip\n'],
  ['lines of Windows and a BOM', '\ufeffKAIA-a+1.zip\r\nKAIA-a+2.zip'],
  ['commas', 'KAIA-a+1.zip, KAIA-a+2.zip'],
  ['a list of JSON', '["KAIA-a+1.zip",\n "KAIA-a+2.zip"]'],
  ['folders before them, no extension, one twice', 'out/KAIA-a+1.zip\nKAIA-a+2\nKAIA-a+1.zip'],
])('the list of a batch is read: %s', (_title, text) => {
  expect(readBundleList(text).names).toEqual(['KAIA-a+1.zip', 'KAIA-a+2.zip']);
});
