import type { FieldValue } from '../mapping/field-mapping.ts';
import { withoutMarks } from '../text/marks.ts';
import { CRM_REFERENCES, type CrmReference, type CrmType } from './crm-types.ts';

/** What Salesforce's ids begin with: its own objects and `a…` for custom ones. Other systems' ids are left alone. */
const SALESFORCE = /^(?:00[0-9A-Za-z]|500|a[0-9A-Za-z]{2})[0-9A-Za-z]{12}(?:[A-Z0-5]{3})?$/;
const SUFFIX_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** Three letters that say which of the fifteen are capitals, five at a time, the first in the lowest bit. */
function suffixOf(fifteen: string): string {
  let suffix = '';
  for (let block = 0; block < 15; block += 5) {
    let bits = 0;
    for (let i = 0; i < 5; i += 1) {
      const code = fifteen.charCodeAt(block + i);
      if (code >= 0x41 && code <= 0x5a) bits |= 1 << i;
    }
    suffix += SUFFIX_LETTERS.charAt(bits);
  }
  return suffix;
}

/** An id of 18 characters whose case may be lost. */
const EIGHTEEN = /^(?:00[0-9a-z]|500|a[0-9a-z]{2})[0-9a-z]{12}[a-z0-5]{3}$/i;

/**
 * The id whose case its suffix tells, for a spreadsheet or database may have changed that; null where the suffix asks
 * for a capital digit, so that the id is another system's.
 */
function withCaseOfSuffix(id: string): string | null {
  const suffix = id.slice(15).toUpperCase();
  let fifteen = '';
  for (let index = 0; index < 15; index += 1) {
    const bits = SUFFIX_LETTERS.indexOf(suffix.charAt(Math.floor(index / 5)));
    const isCapital = ((bits >> (index % 5)) & 1) === 1;
    const character = id.charAt(index);
    if (isCapital && /\d/.test(character)) return null;
    fifteen += isCapital ? character.toUpperCase() : character.toLowerCase();
  }
  return fifteen + suffix;
}

/**
 * The one form of an object's id: without white space and marks around it, and of a Salesforce id of 15 characters,
 * where case counts, the 18 that mean the same. Of 18 the suffix says the case of the others. Empty for a blank.
 * Source: case 87.
 */
export function canonicalExternalId(text: string): string {
  const id = withoutMarks(text);
  if (id.length === 15 && SALESFORCE.test(id)) return id + suffixOf(id);
  return id.length === 18 && EIGHTEEN.test(id) ? (withCaseOfSuffix(id) ?? id) : id;
}

/** The CRM objects that fields refer to by id, in the order of `CRM_REFERENCES`. */
export function crmReferencesOf(fields: Readonly<Record<string, FieldValue>>): CrmReference[] {
  return Object.entries(CRM_REFERENCES).flatMap(([field, type]: [string, CrmType]) => {
    const value = Object.hasOwn(fields, field) ? fields[field] : null;
    const externalId = value === null || value === undefined ? '' : canonicalExternalId(String(value));
    return externalId === '' ? [] : [{ field, type, externalId }];
  });
}
