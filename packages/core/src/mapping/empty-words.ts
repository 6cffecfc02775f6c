import { CRM_REFERENCES } from '../crm/crm-types.ts';
import { trimMarks } from '../text/marks.ts';
import { findAlias } from './enum-aliases.ts';
import type { FieldType } from './field-mapping.ts';

/** Words that mean "no value" in any mapped field but free text, where they may be the text itself. */
export const DEFAULT_EMPTY_WORDS: ReadonlySet<string> = new Set([
  'null',
  'n/a',
  'na',
  'none',
  '-',
  'undefined',
]);
const LONGEST_DEFAULT = 9;
/** Targets that name something else, whatever their type: no file, user or object is called "N/A". */
const NAMING_TARGETS: ReadonlySet<string> = new Set([
  ...Object.keys(CRM_REFERENCES),
  'externalId',
  'filename',
  'user',
]);

export const isNamingTarget = (target: string): boolean => NAMING_TARGETS.has(target);

/**
 * Whether a trimmed source string means "no value". The words that a mapping sets replace the default ones, and are
 * empty in free text too. A default word that an enum lists is that value.
 */
export function isEmptyText(
  text: string,
  field: { readonly type: FieldType; readonly target: string },
  words: readonly string[] | undefined,
  aliases: Readonly<Record<string, string>> = {},
): boolean {
  if (text === '') return true;
  if (words === undefined && text.length > LONGEST_DEFAULT) return false;
  const word = text.toLowerCase();
  if (words !== undefined) return words.some((empty) => empty.trim().toLowerCase() === word);
  if (!DEFAULT_EMPTY_WORDS.has(word)) return false;
  if (field.type === 'string') return isNamingTarget(field.target);
  return field.type !== 'enum' || findAlias(aliases, text) === null;
}

/** Whether a source string by itself, whatever its target, means "no value". */
export const isNoValue = (text: string, words: readonly string[] | undefined): boolean =>
  isEmptyText(trimMarks(text), NAMELESS, words);

const NAMELESS = { type: 'id', target: '' } as const;
