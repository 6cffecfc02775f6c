import { COACH_MINIMUM, DEFAULT_SETTINGS, type Policy, parseFileName } from '@callbay/core';
import { parseMetadata } from '@callbay/metadata';
import { expect, test } from 'vitest';
import { factsOf, isBatch } from '../src/classify/file-facts.ts';

const policy: Policy = {
  version: 1,
  timeZone: 'UTC',
  settings: DEFAULT_SETTINGS,
  mappingVersion: 1,
  mapping: COACH_MINIMUM,
};
const HEADER = 'datetime,email,direction,filename\n';
const ROW = '2026-11-20T19:02:53Z,rep@acme.test,outbound,\n';

function judge(fileName: string, text: string) {
  const name = parseFileName(fileName, DEFAULT_SETTINGS);
  const parsed = parseMetadata({ bytes: Buffer.from(text), format: 'csv' });
  const inspection = { sha256: 'x', prefixes: [], media: null, metadata: parsed, header: parsed.header };
  return { isBatch: isBatch(name, parsed, policy), facts: factsOf(policy, name, inspection) };
}

test.each([
  ['the header again', HEADER],
  ['the closing line of a report', 'Total: 1\n'],
  ['several closing lines', 'Total: 1\n"Generated, by Acme"\n'],
])('a sidecar with one row and %s stays a sidecar, and the line is reported', (_, lines) => {
  const { isBatch: isMany, facts } = judge('BXyT77.csv', HEADER + ROW + lines);
  expect(isMany).toBe(false);
  expect(facts.records[0]).toMatchObject({ raw: { fields: { email: 'rep@acme.test' } }, issues: [] });
  expect(facts.warnings.filter(({ code }) => code === 'ROW_IGNORED')).toHaveLength(
    lines.split('\n').length - 1,
  );
});

test.each([
  ['a row with a bad quote', '2026-11-20T19:02:53Z,"Big" Joe,outbound,\n'],
  ['a row that is one value short', '2026-11-20T19:02:53Z,joe@acme.test,inbound\n'],
  ['a second row', ROW],
])('one row and %s are a batch, in whose rows the error is told', (_, line) => {
  expect(judge('calls.csv', HEADER + ROW + line).isBatch).toBe(true);
  expect(judge('calls.csv', HEADER + line + ROW).isBatch).toBe(true);
});
