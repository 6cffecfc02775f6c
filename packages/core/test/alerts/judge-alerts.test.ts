import { describe, expect, test } from 'vitest';
import {
  type AlertFacts,
  type AlertFinding,
  foldAlerts,
  judgeAlerts,
  judgeRejections,
} from '../../src/index.ts';

const NOW = Date.parse('2026-03-02T12:00:00.000Z');
const MINUTE = 60_000;
const NONE = { count: 0, rows: 0, examples: [] };

const facts = (change: Partial<AlertFacts> = {}): AlertFacts => ({
  stage: 'live',
  feedExpectedEveryMinutes: 60,
  feedSinceMs: NOW,
  heldOverHour: { ...NONE, byCode: {} },
  setAside: { ...NONE, byCode: {} },
  purgeSoon: { ...NONE, firstAt: null },
  lastHour: { ...NONE, ended: 0, rejected: 0 },
  weekBefore: { ended: 0, rejected: 0 },
  deletedSoon: null,
  storage: null,
  gaps: [],
  unread: [],
  disabledWebhooks: [],
  reduced: null,
  s3Problem: null,
  ...change,
});

const kinds = (change: Partial<AlertFacts>, open: readonly string[] = []): string[] =>
  judgeAlerts(facts(change), NOW, (kind) => open.includes(kind)).map(({ kind }) => kind);

describe('a feed is late', () => {
  test.each([
    ['a millisecond before the hour is over', 60 * MINUTE - 1, []],
    ['not when the hour is exactly over', 60 * MINUTE, []],
    ['a millisecond after', 60 * MINUTE + 1, ['FEED_LATE']],
  ])('%s', (_when, ageMs, expected) => {
    expect(kinds({ feedSinceMs: NOW - ageMs })).toEqual(expected);
  });

  test('by the tenant’s own measure, and only where it is live', () => {
    const old = { feedSinceMs: NOW - 90 * MINUTE };
    expect(kinds({ ...old, feedExpectedEveryMinutes: 120 })).toEqual([]);
    expect(kinds({ ...old, stage: 'verification' })).toEqual([]);
    expect(kinds({ ...old, stage: 'suspended' })).toEqual([]);
  });
});

test.each([
  [0, []],
  [1, ['CALLS_DELETED_SOON']],
])('%d calls that a shorter data retention deletes are judged %j', (count, expected) => {
  expect(kinds({ deletedSoon: { count, at: '2026-03-03T12:00:00.000Z' } })).toEqual(expected);
});

test.each([
  [899, []],
  [900, ['QUOTA_NEAR']],
  [1_500, ['QUOTA_NEAR']],
])('%d bytes of a quota of 1,000 are judged %j', (storedBytes, expected) => {
  expect(kinds({ storage: { storedBytes, quotaBytes: 1_000 } })).toEqual(expected);
});

test('a bucket that does not work opens an alert that says why', () => {
  expect(kinds({ s3Problem: null })).toEqual([]);
  expect(kinds({ s3Problem: 'The bucket is gone.' })).toEqual(['S3_DROP_BROKEN']);
});

test('each thing that is wrong is one finding, with how many and which', () => {
  const examples = [
    { fileId: 'f1', name: 'a.wav', code: 'NO_METADATA', receivedAt: '2026-03-02T09:00:00.000Z' },
  ];
  const found = judgeAlerts(
    facts({
      heldOverHour: { count: 12, rows: 3, examples, byCode: { NO_RECORDING: 4, NO_METADATA: 8 } },
      setAside: { count: 3, examples, byCode: { BYTES_MISSING: 1, UNREADABLE: 2 } },
      purgeSoon: { count: 1, rows: 1, examples, firstAt: '2026-03-02T13:00:00.000Z' },
      lastHour: { count: 40, rows: 0, examples, ended: 50, rejected: 40 },
      weekBefore: { ended: 1000, rejected: 10 },
      gaps: [{ day: '2026-03-01', count: 2, examples }],
    }),
    NOW,
    () => false,
  );
  expect(found.map(({ kind, subject, count }) => [kind, subject, count])).toEqual([
    ['HELD_OVER_HOUR', 'held', 12],
    ['FILES_UNREAD', 'unread', 3],
    ['REJECTION_RATE_JUMP', 'rejections', 40],
    ['PURGE_SOON', 'purge', 1],
    ['RECONCILIATION_GAP', '2026-03-01', 2],
  ]);
  expect(found[0]?.message).toContain('8 NO_METADATA, 4 NO_RECORDING');
  expect(found[0]?.message).toContain('3 of them are rows of batches');
  expect(found[1]?.message).toContain('2 UNREADABLE, 1 BYTES_MISSING');
  expect(found[2]?.message).toContain('80%');
  expect(found[2]?.message).not.toContain('batches.');
  expect(found[3]?.message).toContain('1 of them is a row of a batch');
});

describe('rejections jump', () => {
  const week = { ended: 10_000, rejected: 100 };

  test.each([
    ['19 files, all rejected, are too few', { ended: 19, rejected: 19 }, week, false],
    ['20 files, all rejected, are enough', { ended: 20, rejected: 20 }, week, true],
    ['a tenth, where a hundredth is usual', { ended: 100, rejected: 10 }, week, true],
    ['just under a tenth', { ended: 1000, rejected: 99 }, week, false],
    ['what is usual for this tenant', { ended: 100, rejected: 30 }, { ended: 1000, rejected: 300 }, false],
    ['three times the usual', { ended: 100, rejected: 91 }, { ended: 1000, rejected: 300 }, true],
    ['by chance, among few', { ended: 20, rejected: 3 }, { ended: 1000, rejected: 40 }, false],
    ['a newcomer without a week, at a third', { ended: 30, rejected: 10 }, { ended: 0, rejected: 0 }, true],
    ['a newcomer without a week, at a tenth', { ended: 30, rejected: 3 }, { ended: 0, rejected: 0 }, false],
  ])('%s: %o', (_what, hour, before, expected) => {
    expect(judgeRejections(hour, before, false)).toBe(expected);
  });

  test('an open one stays until the rate is near the usual again', () => {
    const before = { ended: 998, rejected: 49 };
    expect(judgeRejections({ ended: 100, rejected: 8 }, before, false)).toBe(false);
    expect(judgeRejections({ ended: 100, rejected: 8 }, before, true)).toBe(true);
    expect(judgeRejections({ ended: 100, rejected: 7 }, before, true)).toBe(false);
  });
});

test('a finding opens once, is updated only where it says something else, and is resolved when it is gone', () => {
  const late: AlertFinding = {
    kind: 'FEED_LATE',
    subject: 'feed',
    message: 'm',
    fix: 'f',
    count: 1,
    examples: [],
  };
  const open = { ...late, id: 'a' };
  expect(foldAlerts([], [late, late]).toOpen).toEqual([late]);
  expect(foldAlerts([open], [late])).toEqual({ toOpen: [], toUpdate: [], toResolve: [] });
  expect(foldAlerts([open], [{ ...late, count: 2 }]).toUpdate).toEqual([{ ...open, count: 2 }]);
  expect(foldAlerts([open], [])).toEqual({ toOpen: [], toUpdate: [], toResolve: ['a'] });
  const other = { ...late, subject: 'other' };
  expect(foldAlerts([open], [other])).toEqual({ toOpen: [other], toUpdate: [], toResolve: ['a'] });
});

describe('a consumer of events has stalled', () => {
  const unread = (ageMs: number, missed = 0) => ({
    unread: [{ consumer: 'feed', unreadSinceMs: NOW - ageMs, missed }],
  });

  test.each([
    ['not when its oldest unread event is exactly an hour old', 60 * MINUTE, []],
    ['a millisecond after', 60 * MINUTE + 1, ['FEED_STALLED']],
  ])('%s', (_when, ageMs, expected) => {
    expect(kinds(unread(ageMs))).toEqual(expected);
  });

  test('each consumer is an alert of its own, with the number of events that it missed', () => {
    const both = [
      ...unread(61 * MINUTE).unread,
      { ...unread(61 * MINUTE, 2).unread[0]!, consumer: 'webhooks' },
    ];
    const found = judgeAlerts(facts({ unread: both }), NOW, () => false);
    expect(found.map(({ subject }) => subject)).toEqual(['feed', 'webhooks']);
    expect(found[0]?.message).not.toContain('removed unread');
    expect(found[1]?.message).toContain('2 older events were removed unread.');
  });
});
