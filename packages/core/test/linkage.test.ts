import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COACH_MINIMUM,
  DEFAULT_SETTINGS,
  decideLinks,
  fieldsOfRecord,
  fieldsOfRecording,
  isInBlock,
  judgeMatches,
  LINKAGE_WEIGHTS,
  type LinkageFields,
  type Policy,
  type ScoredPair,
  scoreBlocks,
  scorePair,
} from '../src/index.ts';

const START = Date.UTC(2026, 2, 2, 10);
const LIMITS = { threshold: 5, margin: 4 };

const said = (change: Partial<LinkageFields> = {}): LinkageFields => ({
  startedAt: START,
  user: 'ann@x.y',
  phones: ['+4930123456'],
  durationSeconds: 120,
  direction: 'outbound',
  ...change,
});
const score = (a: LinkageFields, b: LinkageFields): ScoredPair =>
  scorePair({ id: 'a', fields: a }, { id: 'r', fields: b });
const pair = (recordId: string, recordingId: string, bits: number): ScoredPair => ({
  recordId,
  recordingId,
  score: bits,
  contributions: [],
});

describe('scorePair', () => {
  test('the levels of every field add up to all pairs, of either kind', () => {
    for (const levels of Object.values(LINKAGE_WEIGHTS)) {
      expect(levels.reduce((sum, { m }) => sum + m, 0)).toBeCloseTo(1, 6);
      expect(levels.reduce((sum, { u }) => sum + u, 0)).toBeCloseTo(1, 6);
    }
  });

  test('more shared fields that agree make a better match', () => {
    const only = score(said({ user: null, phones: [] }), said());
    const withUser = score(said({ phones: [] }), said());
    expect(withUser.score).toBeGreaterThan(only.score);
    expect(score(said(), said()).score).toBeGreaterThan(withUser.score);
  });

  test('a field that one side does not say neither helps nor harms, and is not told of', () => {
    const { contributions, score: bits } = score(said({ phones: [] }), said({ phones: ['+15550100'] }));
    expect(contributions.map((c) => c.field)).toEqual(['startedAt', 'user', 'durationSeconds', 'direction']);
    expect(bits).toBeCloseTo(
      contributions.reduce((sum, c) => sum + c.bits, 0),
      6,
    );
  });

  test('a mistyped number speaks for the pair, another number against it', () => {
    const bitsOf = (phone: string): number =>
      score(said(), said({ phones: [phone] })).contributions.find((c) => c.field === 'phone')!.bits;
    expect(bitsOf('+4930123465')).toBeGreaterThan(0);
    expect(bitsOf('+4989999999')).toBeLessThan(0);
  });

  test('one second decides between two levels of the start', () => {
    const levelAt = (ms: number) => score(said(), said({ startedAt: START + ms })).contributions[0]!.level;
    expect([5_000, 5_499, 5_500, 600_000].map(levelAt)).toEqual([
      'within 5 s',
      'within 5 s',
      'within 15 s',
      'further apart',
    ]);
  });

  test('no sentence of an explanation holds a value of either side', () => {
    const text = JSON.stringify(score(said(), said({ user: 'bob@x.y' })));
    expect(text).not.toMatch(/ann|bob|4930/);
  });
});

describe('isInBlock', () => {
  test('starts over ten minutes apart are never compared', () => {
    expect(isInBlock(said(), said({ startedAt: START + 600_000 }))).toBe(true);
    expect(isInBlock(said(), said({ startedAt: START + 600_001 }))).toBe(false);
    expect(isInBlock(said({ startedAt: null }), said())).toBe(false);
  });

  test('other users are compared only where something else agrees or the starts all but coincide', () => {
    const other = { user: 'bob@x.y', phones: ['+15550100'], durationSeconds: 9 };
    expect(isInBlock(said(), said({ ...other, startedAt: START + 60_000 }))).toBe(true);
    expect(isInBlock(said(), said({ ...other, startedAt: START + 60_001 }))).toBe(false);
    expect(isInBlock(said(), said({ ...other, durationSeconds: 121, startedAt: START + 60_001 }))).toBe(true);
    expect(isInBlock(said(), said({ ...other, user: null, startedAt: START + 60_001 }))).toBe(true);
  });
});

describe('decideLinks', () => {
  test('case 32: two equal linkage scores of one record pick neither, and both are told', () => {
    const { matches, ambiguous } = decideLinks([pair('a', 'r', 15), pair('a', 's', 15)], LIMITS);
    expect(matches).toEqual([]);
    expect(ambiguous.map((p) => p.recordingId).sort()).toEqual(['r', 's']);
  });

  test('case 32: two equal linkage scores of one recording pick neither, at a margin of nothing too', () => {
    const pairs = [pair('a', 'r', 15), pair('b', 'r', 15)];
    for (const margin of [0, 4]) {
      expect(decideLinks(pairs, { threshold: 5, margin })).toMatchObject({ matches: [], ambiguous: pairs });
    }
  });

  test('the threshold and the margin belong to the match, a hundredth below does not', () => {
    expect(decideLinks([pair('a', 'r', 5)], LIMITS).matches).toHaveLength(1);
    expect(decideLinks([pair('a', 'r', 4.99)], LIMITS).matches).toHaveLength(0);
    expect(decideLinks([pair('a', 'r', 9), pair('a', 's', 5)], LIMITS).matches).toHaveLength(1);
    expect(decideLinks([pair('a', 'r', 9), pair('a', 's', 5.01)], LIMITS).matches).toHaveLength(0);
  });

  test('what found its pair is nobody’s rival any more', () => {
    const pairs = [pair('a', 'r', 20), pair('b', 'r', 10), pair('b', 's', 8)];
    const { matches, ambiguous } = decideLinks(pairs, LIMITS);
    expect(matches.map((p) => p.recordId + p.recordingId)).toEqual(['ar', 'bs']);
    expect(ambiguous).toEqual([]);
  });

  test('a pair of which not every rival is known is never picked, and stays a rival', () => {
    const pairs = [pair('a', 'r', 20), pair('b', 'r', 10), pair('b', 's', 8)];
    const { matches } = decideLinks(pairs, LIMITS, ({ recordId }) => recordId === 'b');
    expect(matches).toEqual([]);
  });

  test('a refused pair is left out, so that the other one of a tie is taken', () => {
    expect(decideLinks([pair('a', 's', 15)], LIMITS).matches).toHaveLength(1);
  });

  test('no order of the pairs changes what is matched, and nothing is matched twice', () => {
    const pairs = fc.uniqueArray(
      fc.record({
        a: fc.integer({ min: 0, max: 5 }),
        r: fc.integer({ min: 0, max: 5 }),
        bits: fc.integer({ min: -5, max: 25 }),
      }),
      { maxLength: 25, selector: ({ a, r }) => `${a}-${r}` },
    );
    fc.assert(
      fc.property(pairs, fc.integer(), (drawn, seed) => {
        const all = drawn.map(({ a, r, bits }) => pair(`a${a}`, `r${r}`, bits));
        const other = all.toSorted(
          (x, y) =>
            (x.recordId + x.recordingId + seed).localeCompare(y.recordId + y.recordingId) * (seed % 2 || 1),
        );
        const keys = (found: readonly ScoredPair[]) => found.map((p) => p.recordId + p.recordingId).sort();
        const [one, two] = [decideLinks(all, LIMITS), decideLinks(other, LIMITS)];
        expect(keys(one.matches)).toEqual(keys(two.matches));
        expect(keys(one.ambiguous)).toEqual(keys(two.ambiguous));
        expect(new Set(one.matches.map((p) => p.recordId)).size).toBe(one.matches.length);
        expect(new Set(one.matches.map((p) => p.recordingId)).size).toBe(one.matches.length);
      }),
    );
  });
});

describe('what is compared', () => {
  const policy: Policy = {
    version: 1,
    timeZone: 'America/New_York',
    settings: DEFAULT_SETTINGS,
    mappingVersion: 1,
    mapping: {
      fields: [...COACH_MINIMUM.fields, { source: 'caller', target: 'caller', type: 'phone' }],
      options: { defaultCountry: 'DE' },
    },
  };
  const read = (fields: Record<string, string>, stem = 'export-17') =>
    fieldsOfRecord({ fields, nestedPaths: [], at: '' }, policy, { stem, receivedAtMs: START, isCsv: false });

  test('a record says what its mapping types, and every number that is one beyond doubt', () => {
    const said = { datetime: '2026-03-02T10:00:00Z', email: 'ann@x.y', direction: 'out' };
    expect(read({ ...said, caller: '030 123456', other: '+1 (212) 555-0100', note: '12345' })).toEqual({
      startedAt: START,
      user: 'ann@x.y',
      phones: ['+4930123456', '+12125550100'],
      durationSeconds: null,
      direction: 'outbound',
    });
  });

  test('where the metadata is silent, its own name speaks', () => {
    expect(read({}, '20260302-050000_outbound_ann')).toMatchObject({
      startedAt: START,
      user: 'ann',
      direction: 'outbound',
    });
  });

  test('an external recording is read by the tenant’s direction words and country', () => {
    const given = {
      startedAt: '2026-03-02T11:00:00+01:00',
      phone: '030 123456',
      direction: 'OUT',
      user: ' ',
    };
    expect(fieldsOfRecording(given, policy)).toEqual({
      startedAt: START,
      user: null,
      phones: ['+4930123456'],
      durationSeconds: null,
      direction: 'outbound',
    });
    expect(fieldsOfRecording({ direction: '__proto__' }, policy).direction).toBe('__proto__');
    expect(fieldsOfRecording({}, policy).startedAt).toBeNull();
  });
});

describe('judgeMatches', () => {
  const at = (id: string, ms: number, change: Partial<LinkageFields> = {}) => ({
    id,
    fields: said({ startedAt: START + ms, ...change }),
  });

  test('leaving out hopeless pairs changes no decision', () => {
    const party = (side: string) =>
      fc
        .array(
          fc.record({
            ms: fc.integer({ min: 0, max: 900 }),
            user: fc.constantFrom(null, 'ann', 'bob', 'zoe'),
            phone: fc.constantFrom('+4930123456', '+4930123465', '+15550100'),
            seconds: fc.constantFrom(null, 5, 60, 61),
          }),
          { maxLength: 12 },
        )
        .map((drawn) =>
          drawn.map(({ ms, user, phone, seconds }, n) =>
            at(`${side}${n}`, ms * 1000, { user, phones: [phone], durationSeconds: seconds }),
          ),
        );
    fc.assert(
      fc.property(party('a'), party('r'), (records, recordings) => {
        const judged = judgeMatches(records, recordings, () => false, LIMITS);
        const whole = decideLinks(scoreBlocks(records, recordings), LIMITS);
        expect(judged.matches).toEqual(whole.matches);
      }),
    );
  });

  test('a refused pair is neither matched nor proposed, and keeps no other from it', () => {
    const [record, right, wrong] = [at('a', 0), at('r', 0), at('s', 0)];
    const judge = (refused: string) =>
      judgeMatches([record], [right, wrong], (_, recording) => recording === refused, LIMITS);
    expect(judge('none').matches).toEqual([]);
    expect(judge('none').proposals.map((p) => p.isAmbiguous)).toEqual([true, true]);
    expect(judge('s').matches.map((p) => p.recordingId)).toEqual(['r']);
    expect(judge('s').proposals).toEqual([]);
  });

  test('at most five recordings are proposed to one record, the best first', () => {
    const many = Array.from({ length: 9 }, (_, n) => at(`r${n}`, n * 4_000));
    const { proposals } = judgeMatches([at('a', 0)], many, () => false, LIMITS);
    expect(proposals).toHaveLength(5);
    expect(proposals.map((p) => p.score)).toEqual(proposals.map((p) => p.score).toSorted((x, y) => y - x));
  });
});
