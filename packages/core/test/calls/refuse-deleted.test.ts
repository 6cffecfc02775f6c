import { expect, test } from 'vitest';
import { decideCalls } from '../../src/index.ts';
import { fields, policiesOf, type Scenario, scenario } from './scenario.ts';

/** The codes of every file, once the call of `stem` was deleted. */
function codesOf(files: Scenario, stem: string): Record<string, string> {
  const facts = files.callFacts().map((fact) => ({ ...fact, isDeleted: fact.stem === stem }));
  const verdicts = decideCalls(facts, policiesOf()).flatMap((decision) => decision.verdicts);
  return Object.fromEntries(verdicts.map(({ fileId, outcome }) => [fileId, outcome.code]));
}

test('what comes for a deleted call is refused, complete or not, readable or not', () => {
  const files = scenario().media('a.wav').json('a.json', fields()).media('a.mp3').json('a.json', null);
  expect(new Set(Object.values(codesOf(files, 'a')))).toEqual(new Set(['CALL_DELETED']));
  expect(Object.keys(codesOf(files, 'a'))).toHaveLength(4);
});

test('a deleted call is nowhere: no revision, no hold, no recording, nothing waited for', () => {
  const [facts] = scenario().media('a.wav').json('a.json', fields()).callFacts({ unread: 0 });
  const [decision] = decideCalls([{ ...facts!, isDeleted: true }], policiesOf());
  expect(decision).toMatchObject({
    status: 'deleted',
    revisions: [],
    recording: null,
    hold: null,
    updatesUntil: null,
    waitsForSeq: null,
  });
});

test('metadata that names a deleted recording from elsewhere is refused, and the recording there is not', () => {
  const files = scenario()
    .media('b.wav')
    .json('b.json', fields({ filename: 'a.wav' }));
  expect(codesOf(files, 'a')).toEqual({ '0:b.wav': 'NO_METADATA', '1:b.json': 'CALL_DELETED' });
});

test('metadata at the stem of a deleted call that names another recording makes that one a call', () => {
  const files = scenario()
    .media('b.wav')
    .json('a.json', fields({ filename: 'b.wav' }));
  expect(codesOf(files, 'a')).toEqual({ '0:b.wav': 'SURFACED', '1:a.json': 'SURFACED' });
});

test('a file that was removed by the customer stays removed', () => {
  expect(codesOf(scenario().media('a.wav').remove(0), 'a')).toEqual({ '0:a.wav': 'WITHDRAWN' });
});
