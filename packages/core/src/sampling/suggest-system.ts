import type { Issue } from '../issue.ts';
import { isNoValue } from '../mapping/empty-words.ts';
import { findAlias } from '../mapping/enum-aliases.ts';
import type { FieldMapping, RawRecord } from '../mapping/field-mapping.ts';
import {
  type FieldSource,
  gatherText,
  isConstant,
  type SourceTerm,
  termsOf,
} from '../mapping/field-source.ts';
import { readPhone } from '../mapping/read-phone.ts';
import { sourceFinder } from '../mapping/source-fields.ts';
import type { SystemPreset } from '../mapping/system-presets.ts';
import { compileDateFormat } from '../times/date-format.ts';
import { readByFormat } from '../times/read-by-format.ts';
import { guessFormats } from './guess-formats.ts';
import { nameKey } from './known-targets.ts';
import { sampleIssue } from './sample-issues.ts';
import type { SuggestedMapping, SuggestionContext } from './suggest-mapping.ts';

const NEEDED = ['startedAt', 'user', 'direction'];

/**
 * The preset of a phone system, fitted to a sample of it: names as the sample spells them, formats that read its values, and
 * only the rows that it can fill. What the sample leaves open is an issue, as in `suggestMapping`. Source: E1, E2.
 */
export function suggestSystem(
  preset: SystemPreset,
  records: readonly RawRecord[],
  context: SuggestionContext,
): SuggestedMapping {
  const names = [...new Set(records.flatMap(({ fields }) => Object.keys(fields)))];
  const spelled = new Map(names.map((name) => [nameKey(name), name]));
  const issues: Issue[] = [];
  const fields = preset.fields.flatMap((row): FieldMapping[] => {
    const field = { ...row, source: respell(row.source, (name) => spelled.get(nameKey(name)) ?? name) };
    const texts = textsOf(field, records);
    if (texts.length === 0) return [];
    return fit(field, texts, issues);
  });
  const asked = new Set(issues.map(({ at }) => at));
  for (const target of NEEDED) {
    if (fields.some((field) => field.target === target) || context.givenByName.includes(target)) continue;
    if (asked.has(target)) continue;
    issues.push(sampleIssue('REQUIRED_NOT_FOUND', target, `It is ${target}.`));
  }
  return { fields, options: preset.options, issues };
}

/** The row with formats that read these texts; nothing where they stay open, which is an issue at the target. */
function fit(field: FieldMapping, texts: readonly string[], issues: Issue[]): FieldMapping[] {
  switch (field.type) {
    case 'instant': {
      const reading = (field.formats ?? []).filter((format) => texts.some((text) => reads(format, text)));
      if (texts.every((text) => reading.some((format) => reads(format, text))))
        return [{ ...field, formats: reading }];
      const { formats, ambiguous } = guessFormats(texts);
      if (formats.length > 0) return [{ ...field, formats }];
      if (ambiguous.length > 0)
        issues.push(
          sampleIssue('DATE_ORDER_AMBIGUOUS', field.target, `They are ${ambiguous.join(' and ')}.`),
        );
      return [];
    }
    case 'enum': {
      const unknown = [...new Set(texts)].filter((word) => findAlias(field.aliases ?? {}, word) === null);
      if (unknown.length > 0) {
        const words = unknown.slice(0, 5).map((word) => JSON.stringify(word));
        issues.push(sampleIssue('DIRECTION_WORD_UNKNOWN', field.target, `Among them: ${words.join(', ')}.`));
      }
      return [field];
    }
    case 'phone': {
      const areNational = texts.every(
        (text) => readPhone(text, undefined) === null && readPhone(text, 'US') !== null,
      );
      if (areNational) issues.push(sampleIssue('PHONE_COUNTRY_NEEDED', field.target));
      return [field];
    }
    default:
      return [field];
  }
}

function reads(format: string, text: string): boolean {
  const compiled = compileDateFormat(format);
  const reading = 'format' in compiled ? readByFormat(text.replace(/\s+/g, ' '), compiled.format) : null;
  return reading !== null && reading.kind !== 'falseWeekday';
}

function textsOf(field: FieldMapping, records: readonly RawRecord[]): string[] {
  const isEmpty = (text: string): boolean => isNoValue(text, undefined);
  return records.flatMap(({ fields }) => {
    const textOf = (name: string): string => fields[name] ?? '';
    const find = sourceFinder(Object.keys(fields), [field], textOf);
    const text = gatherText(field.source, find, textOf, isEmpty, isEmpty)?.text.trim() ?? '';
    return isEmpty(text) ? [] : [text];
  });
}

function respell(source: FieldSource, spell: (name: string) => string): FieldSource {
  const term = (each: SourceTerm): SourceTerm => {
    if (typeof each === 'string') return spell(each);
    return isConstant(each) ? each : { ...each, join: each.join.map(spell) };
  };
  return Array.isArray(source) ? termsOf(source).map(term) : term(source as SourceTerm);
}
