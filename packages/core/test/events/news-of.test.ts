import { expect, test } from 'vitest';
import { type CallDecision, type KnownCall, newsOf } from '../../src/index.ts';
import { knownAfter, UNKNOWN } from '../calls/known-call.ts';
import { fields, policiesOf, policyOf, scenario } from '../calls/scenario.ts';

const isHidden = policiesOf(policyOf(), false);
const complete = () => scenario().media('a.wav').json('a.json', fields());
const updated = () => complete().json('a.json', fields({ email: 'new@example.com' }));

const newsIn = (decision: CallDecision, known: KnownCall = UNKNOWN) =>
  newsOf(decision, known).map(({ type, revision }) => [type, revision]);

test('a call that surfaces is one event', () => {
  expect(newsIn(complete().decide().call('a'))).toEqual([['call.surfaced', 1]]);
});

test('a call that surfaces together with its update is an event for each revision', () => {
  expect(newsIn(updated().decide().call('a'))).toEqual([
    ['call.surfaced', 1],
    ['call.updated', 2],
  ]);
});

test('an update of a visible call is one event, and the revisions before it are none', () => {
  const known = knownAfter(complete().decide().call('a'));
  expect(newsIn(updated().decide().call('a'), known)).toEqual([['call.updated', 2]]);
});

test('the same decision again is no news', () => {
  const decision = updated().decide().call('a');
  expect(newsIn(decision, knownAfter(decision))).toEqual([]);
});

test('a call that waits is no news, whatever it waits for', () => {
  expect(newsIn(scenario().media('a.wav').decide().call('a'))).toEqual([]);
  expect(newsIn(updated().decide(isHidden).call('a'))).toEqual([]);
});

test('a call that was complete and hidden surfaces as one event, of its latest revision', () => {
  const known = knownAfter(updated().decide(isHidden).call('a'));
  expect(newsIn(updated().decide().call('a'), known)).toEqual([['call.surfaced', 2]]);
});

test('an event holds the content of its revision under the words of the domain', () => {
  const [surfaced, update] = newsOf(updated().decide().call('a'), UNKNOWN);
  expect(surfaced).toEqual({
    callKey: 'stem:a',
    revision: 1,
    type: 'call.surfaced',
    data: {
      changed: expect.objectContaining({ user: [null, 'rep@example.com'] }),
      startedAt: '2026-03-02T10:00:00.000Z',
      endedAt: '2026-03-02T10:00:03.000Z',
      direction: 'inbound',
      user: 'rep@example.com',
      durationSeconds: 3,
      fields: expect.any(Object),
      raw: fields(),
      mappingVersion: 1,
      warnings: [],
    },
  });
  expect(update?.data).toMatchObject({
    user: 'new@example.com',
    changed: { user: ['rep@example.com', 'new@example.com'] },
  });
});
