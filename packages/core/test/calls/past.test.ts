import { describe, expect, test } from 'vitest';
import { issue, type RecordFact, type SurfacedWith } from '../../src/index.ts';
import { CALL_AT, fields, HOUR, policiesOf, policyOf, type Scenario, scenario } from './scenario.ts';

const DAY = 24 * HOUR;
const SURFACED = new Set(['stem:a']);
const merging = policyOf({ settings: { updateMode: 'merge' } });
const readNow = (change: Record<string, string>): Partial<RecordFact> => ({
  raw: { fields: fields(change), nestedPaths: [], at: '' },
  issues: [],
  sha256: JSON.stringify(change),
});
const pin = (sent: Scenario, ...indexes: number[]): void => {
  for (const index of indexes) sent.change(index, { judgedPolicy: 1 });
};

describe('what was purged', () => {
  test('case 50: purging a left-over recording does not change what a visible call was made of', () => {
    const sent = scenario()
      .media('a.wav', '1')
      .media('a.mp3', '2')
      .json('a.json', fields({ stage: 'first' }))
      .at(60 * HOUR)
      .json('a.json', fields({ stage: 'second', filename: 'a.wav' }));
    const before = sent.decide().call('a');
    pin(sent, 0, 2, 3);
    sent.change(1, { isPurgedUnpaired: true });
    expect(sent.decide(policiesOf(), { surfaced: SURFACED }).call('a').revisions).toEqual(before.revisions);
  });

  test('case 50: what a purged file had superseded does not come back', () => {
    const records = scenario()
      .json('a.json', fields())
      .json('a.json', fields({ stage: 'won' }));
    expect(records.change(1, { isPurgedUnpaired: true }).decide().codes).toEqual(['SUPERSEDED', 'received']);
    const recordings = scenario().media('a.wav', '1').media('a.wav', '2');
    expect(recordings.change(1, { isPurgedUnpaired: true }).decide().codes).toEqual([
      'SUPERSEDED',
      'received',
    ]);
  });

  test('case 21, 50: a purge does not decide which of two recordings is meant', () => {
    const sent = scenario().media('a.wav', '1').media('a.mp3', '2').json('a.json', fields());
    sent.change(0, { isPurgedUnpaired: true });
    expect(sent.decide().codes).toEqual(['received', 'AMBIGUOUS_STEM', 'AMBIGUOUS_STEM']);
    sent.at(8 * DAY).json('a.json', fields({ stage: 'won' }));
    expect(sent.decide().codes).toEqual(['received', 'SURFACED', 'SUPERSEDED', 'SURFACED']);
  });

  test('case 23, 50: a purge does not settle a conflict', () => {
    const sent = scenario()
      .media('a.mp3', '1')
      .media('b.mp3', '2')
      .json('a.json', fields({ filename: 'b.mp3' }))
      .change(0, { isPurgedUnpaired: true });
    expect(sent.decide().codes).toEqual(['received', 'PAIR_CONFLICT', 'PAIR_CONFLICT']);
  });

  test.each([
    [7 * DAY - 1, ['received', 'AMBIGUOUS_STEM', 'AMBIGUOUS_STEM']],
    [7 * DAY, ['received', 'SURFACED', 'SURFACED']],
    [7 * DAY + 1, ['received', 'SURFACED', 'SURFACED']],
  ])('case 50: a purged recording counts for what came up to 7 days after it: %i ms', (ms, codes) => {
    const sent = scenario().at(0).media('a.wav', '1').media('a.mp3', '2').at(ms).json('a.json', fields());
    expect(sent.change(0, { isPurgedUnpaired: true }).decide().codes).toEqual(codes);
  });

  test.each([
    [7 * DAY - 1, ['received', 'AMBIGUOUS_STEM', 'AMBIGUOUS_STEM']],
    [7 * DAY, ['received', 'SURFACED', 'SURFACED']],
  ])(
    'case 118: what a door finds late counts as it was found, whatever time it says it has: %i ms',
    (foundMs, codes) => {
      const sent = scenario()
        .at(0)
        .media('a.wav', '1')
        .media('a.mp3', '2')
        .at(6 * DAY)
        .json('a.json', fields());
      sent.change(0, { isPurgedUnpaired: true }).change(2, { seenAt: CALL_AT + foundMs });
      expect(sent.decide().codes).toEqual(codes);
    },
  );

  test.each([
    [9 * DAY - 1, ['received', 'AMBIGUOUS_STEM', 'AMBIGUOUS_STEM']],
    [9 * DAY, ['received', 'SURFACED', 'SURFACED']],
  ])('case 118: a recording that was found late counts for a day from then on: %i ms', (ms, codes) => {
    const sent = scenario().at(0).media('a.wav', '1').media('a.mp3', '2').at(ms).json('a.json', fields());
    sent.change(0, { seenAt: CALL_AT + 8 * DAY, isPurgedUnpaired: true });
    expect(sent.decide().codes).toEqual(codes);
  });

  test('case 118: a hold of a file that was found late ends a day after it was found', () => {
    const sent = scenario()
      .at(0)
      .media('a.wav')
      .change(0, { seenAt: CALL_AT + 8 * DAY });
    expect(sent.decide().call('a').hold?.until).toBe(CALL_AT + 9 * DAY);
  });

  test('a new policy makes no call of what was purged', () => {
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields({ datetime: '2026-03-02T10:00:00' }));
    const change = { isPurgedUnpaired: true };
    expect(sent.change(0, change).change(1, change).decide().codes).toEqual(['received', 'received']);
  });
});

describe('what was published', () => {
  test('a record that a new mapping brings to a visible call is one too many, now and later', () => {
    const sent = scenario()
      .json('x.json', fields({ stage: 'x' }))
      .media('a.wav')
      .json('a.json', fields());
    const before = sent.decide().call('a').revisions;
    const origin: SurfacedWith = { recordingFileId: '1:a.wav', recordFileId: '2:a.json', row: 0 };
    const visible = { surfaced: SURFACED, origins: new Map([['stem:a', origin]]) };
    pin(sent, 1, 2);
    sent.change(0, { namedStem: 'a' });
    for (const judgedPolicy of [null, 1]) {
      const { codes, call } = sent.change(0, { judgedPolicy }).decide(policiesOf(), visible);
      expect(codes).toEqual(['DUPLICATE_METADATA', 'SURFACED', 'SURFACED']);
      expect(call('a').revisions).toEqual(before);
    }
  });

  test('a merged update that the newest policy cannot read with what it merges into is rejected', () => {
    const strict = policyOf({
      version: 2,
      settings: { updateMode: 'merge' },
      mapping: {
        fields: merging.mapping.fields.map((f) => (f.target === 'user' ? { ...f, type: 'email' } : f)),
        options: {},
      },
    });
    const sent = scenario()
      .media('a.wav')
      .json('a.json', fields({ email: 'rep' }))
      .json('a.json', { stage: 'won' });
    pin(sent, 0, 1);
    const policies = { ...policiesOf(strict), pinned: new Map([[1, merging]]) };
    const { codes, call } = sent.decide(policies);
    expect(codes).toEqual(['SURFACED', 'SURFACED', 'METADATA_INVALID']);
    expect(call('a').revisions.at(-1)?.content.user).toBe('rep');
  });
});

test('what ended only because of an open file stands again when a new mapping finds that one wanting', () => {
  const mapping = { ...merging.mapping, fields: merging.mapping.fields.map((f) => ({ ...f })) };
  for (const field of mapping.fields) if (field.target === 'user') field.source = 'agent';
  const later = { ...policiesOf(policyOf({ version: 2, mapping })), pinned: new Map([[1, policyOf()]]) };
  for (const [first, second, before, after] of [
    ['a.json', 'a.xml', ['NO_RECORDING', 'DUPLICATE_METADATA'], ['SUPERSEDED', 'NO_RECORDING']],
    ['a.json', 'a.json', ['SUPERSEDED', 'NO_RECORDING'], ['NO_RECORDING', 'METADATA_INVALID']],
  ] as const) {
    const sent = scenario()
      .json(first, fields())
      .json(second, fields({ stage: 'won' }));
    expect(sent.decide().codes).toEqual(before);
    pin(sent, first === second ? 0 : 1);
    expect(sent.decide(later).codes).toEqual(after);
  }
});

describe('what was replayed', () => {
  test('case 43: a replayed recording does not replace one received after it', () => {
    const sent = scenario()
      .media('a.wav', '1', { issues: [issue('NOT_MEDIA', 'Text.')] })
      .media('a.wav', '2')
      .replay(0, { issues: [] });
    expect(sent.decide().codes).toEqual(['SUPERSEDED', 'NO_METADATA']);
  });

  test('case 43: a replayed version does not overwrite one received after it that said nothing new', () => {
    const visible = scenario().media('a.wav').json('a.json', fields()).json('a.json', null);
    visible.json('a.json', fields()).replay(2, readNow({ stage: 'old' }));
    expect(visible.decide().codes).toEqual(['SURFACED', 'SURFACED', 'SUPERSEDED', 'UNCHANGED']);
    const waiting = scenario().json('a.json', fields()).json('a.json', null).json('a.json', fields());
    waiting.replay(1, readNow({ stage: 'old' }));
    expect(waiting.decide().codes).toEqual(['NO_RECORDING', 'SUPERSEDED', 'UNCHANGED']);
  });

  test('case 43: a replayed version that names another recording leaves the later version where it is', () => {
    const sent = scenario()
      .json('x.json', null)
      .json('x.json', fields({ filename: 'a.wav' }))
      .replay(0, { ...readNow({ filename: 'b.wav' }), namedStem: 'b' });
    expect(sent.decide().codes).toEqual(['SUPERSEDED', 'NO_RECORDING']);
  });

  test('case 43: a replayed version stays behind a later one that went to another call, whatever came between', () => {
    const sent = scenario()
      .json('a.json', fields())
      .json('x.json', fields({ filename: 'a.wav' }))
      .json('x.json', null)
      .json('a.json', fields({ stage: 'won' }))
      .replay(2, { ...readNow({ filename: 'b.wav' }), namedStem: 'b' });
    expect(sent.decide().codes.slice(1)).toEqual(['DUPLICATE_METADATA', 'NO_RECORDING', 'NO_RECORDING']);
    sent.remove(3).replay(1);
    expect(sent.decide().codes.slice(1)).toEqual(['SUPERSEDED', 'NO_RECORDING', 'WITHDRAWN']);
  });

  test('a replay of what cannot be read still says why', () => {
    const sent = scenario().json('a.json', null).json('a.json', fields()).media('a.wav').replay(0);
    expect(sent.decide().codes).toEqual(['METADATA_INVALID', 'SURFACED', 'SURFACED']);
  });
});

describe('what a version leaves behind', () => {
  test('case 18: a later version that cannot be read leaves the earlier one waiting for the recording it names', () => {
    const sent = scenario()
      .json('x.json', fields({ filename: 'a.wav' }))
      .json('x.json', null)
      .media('a.wav');
    expect(sent.decide().codes).toEqual(['SURFACED', 'METADATA_INVALID', 'SURFACED']);
  });

  test('case 23: a corrected version that names another recording supersedes the earlier one there', () => {
    const sent = scenario()
      .json('x.json', fields({ filename: 'a.wav' }))
      .json('x.json', fields({ filename: 'b.wav' }))
      .media('a.wav')
      .media('b.wav');
    expect(sent.decide().codes).toEqual(['SUPERSEDED', 'SURFACED', 'NO_METADATA', 'SURFACED']);
  });

  test('two records of one file that name two recordings do not supersede each other', () => {
    const sent = scenario().json('x.csv', fields({ filename: 'a.wav' }));
    const first = sent.facts[0] as RecordFact;
    const second = { ...first, ...readNow({ filename: 'b.wav' }), row: 1, namedStem: 'b' };
    sent.facts.push(second as RecordFact);
    const { decisions } = sent.media('a.wav').media('b.wav').decide();
    expect(decisions.map((d) => [d.callKey, d.status])).toEqual([
      ['stem:a', 'surfaced'],
      ['stem:b', 'surfaced'],
      ['stem:x', 'empty'],
    ]);
  });
});
