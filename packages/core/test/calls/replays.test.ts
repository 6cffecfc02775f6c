import { expect, test } from 'vitest';
import { type CallReplay, decideCalls } from '../../src/index.ts';
import { CALL_AT, fields, HOUR, policiesOf, policyOf, type Scenario, scenario } from './scenario.ts';

const SURFACED = new Set(['stem:a']);
const first = policyOf();
/** Version 2 types the field `score`. */
const second = policyOf({
  version: 2,
  mappingVersion: 2,
  mapping: {
    fields: [...first.mapping.fields, { source: 'score', target: 'score', type: 'number' }],
    options: {},
  },
});
const policies = { ...policiesOf(second), pinned: new Map([first, second].map((p) => [p.version, p])) };

const decide = (sent: Scenario, replays: CallReplay[] = [], by = policies) =>
  decideCalls(
    sent.callFacts({ surfaced: SURFACED }).map((facts) => ({ ...facts, replays })),
    by,
  ).find((decision) => decision.callKey === 'stem:a')!;

/** A surfaced call of two files that ended under the first policy. */
const surfaced = (change: Record<string, string> = {}): Scenario =>
  scenario()
    .media('a.wav')
    .json('a.json', fields({ score: '7', ...change }))
    .change(0, { judgedPolicy: 1 })
    .change(1, { judgedPolicy: 1 });

const replay = (seq: number, policyVersion = 2): CallReplay => ({
  seq,
  policyVersion,
  at: CALL_AT + 72 * HOUR,
});

test('a replay adds one revision by the new version, and leaves what was published as it was', () => {
  const before = decide(surfaced());
  const after = decide(surfaced(), [replay(3)]);
  expect(after.revisions.slice(0, 1)).toEqual(before.revisions);
  expect(after.revisions).toHaveLength(2);
  expect(after.revisions[1]).toMatchObject({
    revision: 2,
    fileId: before.revisions[0]!.fileId,
    changed: { score: ['7', 7] },
    receivedAt: CALL_AT + 72 * HOUR,
    content: { mappingVersion: 2 },
  });
  expect(after.updatesUntil).toBe(before.updatesUntil);
  expect(after.verdicts).toEqual(before.verdicts);
});

test('a replay that says nothing else adds nothing', () => {
  expect(decide(surfaced(), [replay(3, 1)]).revisions).toHaveLength(1);
  expect(decide(surfaced(), [replay(3), { ...replay(4), policyVersion: 2 }]).revisions).toHaveLength(2);
});

test('a version that refuses the record leaves the call as it is', () => {
  const strict = policyOf({
    version: 2,
    mapping: {
      ...second.mapping,
      fields: second.mapping.fields.map((field) => ({ ...field, required: true })),
    },
  });
  const pinned = new Map([first, strict].map((p) => [p.version, p]));
  const [before, after] = [[], [replay(3)]].map((replays) =>
    decide(surfaced({ score: 'seven' }), replays, { ...policiesOf(strict), pinned }),
  );
  expect(after).toEqual(before);
});

test('a version that nobody knows leaves the call as it is', () => {
  expect(decide(surfaced(), [replay(3, 9)]).revisions).toHaveLength(1);
});

test('an update after the replay counts from what the replay said, and the first file stays in its place', () => {
  const sent = surfaced().change(0, {});
  const withUpdate = sent.at(2 * HOUR).json('a.json', fields({ score: '8' }));
  const place = withUpdate.facts[2]!.seq;
  const moved = withUpdate.change(2, { seq: place + 1 });
  const decision = decide(moved, [replay(place)]);
  expect(decision.revisions.map(({ changed }) => changed.score)).toEqual([
    [null, '7'],
    ['7', 7],
    [7, 8],
  ]);
  expect(decision.verdicts.map(({ outcome }) => outcome.code)).toEqual(['SURFACED', 'SURFACED', 'UPDATED']);
});

test('a replay waits, as all later facts do, for a file received earlier that nobody has read', () => {
  const sent = surfaced();
  const facts = sent.callFacts({ surfaced: SURFACED }).map((known) => ({ ...known, unreadFromSeq: 3 }));
  const [decision] = decideCalls(
    facts.map((known) => ({ ...known, replays: [replay(4)] })),
    policies,
  );
  expect(decision?.revisions).toHaveLength(1);
  expect(decision?.waitsForSeq).toBe(3);
});
