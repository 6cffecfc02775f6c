import { expect, test } from 'vitest';
import { parseText } from './parse-text.ts';
import { fieldsBySaxes } from './saxes-fields.ts';
import { documentOf } from './xml-documents.ts';

const DOCUMENTS = Number(process.env.XML_DOCUMENTS ?? 3_000);
const FIRST_SEED = 20_261_201;

/** Why a document that is well-formed is no record, each said so. */
const OURS = new RegExp(
  [
    'both',
    'found only text',
    'holds no field',
    'Document types',
    'Duplicate attribute',
    'Duplicate key',
    'would both be the field',
    'The file is empty',
    'is refused: rename it',
    'which is not known',
  ].join('|'),
);

test(`no field of ${DOCUMENTS} documents is lost or changed: what is not as saxes reads it is refused`, () => {
  const count = { right: 0, refusedByBoth: 0, refusedByUs: 0, wrong: 0 };
  const wrong: unknown[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + DOCUMENTS; seed += 1) {
    const text = documentOf(seed).toWellFormed();
    const expected = fieldsBySaxes(text);
    const parsed = parseText('xml', text);
    const found = parsed.records[0]?.fields ?? null;
    const sorted = (fields: object | null) => fields && JSON.stringify(Object.entries(fields).sort());
    if (expected === null && found === null) count.refusedByBoth += 1;
    else if (found === null && OURS.test(parsed.issues[0]?.message ?? '')) count.refusedByUs += 1;
    else if (found !== null && sorted(found) === sorted(expected)) count.right += 1;
    else {
      count.wrong += 1;
      if (wrong.length < 5) wrong.push({ seed, text, expected, found, issue: parsed.issues[0] });
    }
  }
  process.stdout.write(`xml documents: ${JSON.stringify(count)}\n`);
  expect(wrong).toEqual([]);
  expect(count.right).toBeGreaterThan(DOCUMENTS / 4);
}, 600_000);
