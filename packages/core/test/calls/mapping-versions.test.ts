import { expect, test } from 'vitest';
import type { CallPolicies, FieldMapping, MappingOptions } from '../../src/index.ts';
import { CALL_AT, fields, policiesOf, policyOf, scenario } from './scenario.ts';

const first = policyOf();
const renamed: FieldMapping[] = first.mapping.fields.map((field) =>
  field.target === 'user' ? { ...field, source: 'agent' } : field,
);
const second = policyOf({ version: 2, mappingVersion: 2, mapping: { fields: renamed, options: {} } });

/** Version 2 came into force at `since`. */
const policies = (since: number): CallPolicies => ({
  ...policiesOf(second),
  pinned: new Map([first, second].map((p) => [p.version, p])),
  published: [
    { version: 1, since: CALL_AT - 1_000_000_000 },
    { version: 2, since },
  ],
});
const LATER = CALL_AT + 1_000_000_000;

test('an open record that fits the version it came under, and not the newest, stays under it', () => {
  const waiting = scenario().at(0).row('day.csv', 'a.wav', fields());
  expect(waiting.decide(policies(LATER)).codes).toEqual(['NO_RECORDING']);
  expect(waiting.decide(policies(CALL_AT - 1)).codes).not.toEqual(['NO_RECORDING']);
});

test('the call of such a record ends under that version', () => {
  const both = scenario().at(0).json('a.json', fields()).media('a.wav');
  const decided = both.decide(policies(LATER));
  expect(decided.codes).toEqual(['SURFACED', 'SURFACED']);
  const [record] = decided.call('a').verdicts.filter(({ row }) => row !== null);
  expect(record?.policyVersion).toBe(1);
  expect(decided.call('a').revisions[0]?.content.mappingVersion).toBe(1);
});

test('a replay reads such a record by the newest version alone', () => {
  const waiting = scenario().at(0).row('day.csv', 'a.wav', fields()).change(0, { replaySeq: 9 });
  expect(waiting.decide(policies(LATER)).codes).not.toEqual(['NO_RECORDING']);
});

const ignoring = (options: MappingOptions): CallPolicies =>
  policiesOf(policyOf({ mapping: { ...first.mapping, options } }));

test('a record that a rule leaves out ends at once, and its recording says so', () => {
  const missed = scenario()
    .at(0)
    .json('a.json', fields({ result: 'Missed' }));
  const rule = ignoring({ ignore: [{ source: 'result', equals: ['missed'] }] });
  expect(missed.decide(rule).codes).toEqual(['IGNORED_BY_RULE']);
  expect(missed.decide().codes).toEqual(['NO_RECORDING']);
  const answered = scenario()
    .at(0)
    .json('a.json', fields({ result: 'Answered' }))
    .media('a.wav');
  expect(answered.decide(rule).codes).toEqual(['SURFACED', 'SURFACED']);
});
