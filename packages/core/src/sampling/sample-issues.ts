import { type Issue, issue } from '../issue.ts';

/**
 * What a sample or a set-up file leaves for a person to decide: a sentence and a fix for each. docs/errors.md holds a
 * row for each.
 */
export const SAMPLE_ISSUE_TABLE = {
  DATE_ORDER_AMBIGUOUS: {
    sentence: 'Several date formats fit every value and give different days.',
    fix: 'Choose one of the formats named here, or send a sample with a day past the 12th.',
  },
  TIME_WITHOUT_DATE: {
    sentence: 'The values are times of day without a date.',
    fix: 'Send date and time in one field.',
  },
  TIME_OF_DAY_MISSING: {
    sentence: 'The values are dates without a time of day, which would put every call at midnight.',
    fix: 'Join the field of the time of day to it, or send date and time in one field.',
  },
  DURATION_UNIT_OPEN: {
    sentence: 'The values are numbers that may count seconds, minutes or milliseconds.',
    fix: 'Set `durationUnit` of the field to s, min or ms.',
  },
  NUMBER_AMBIGUOUS: {
    sentence: 'The sign in values such as 1,234 may divide thousands or decimals.',
    fix: 'Send plain numbers such as 1234.5, or keep the field as text.',
  },
  PHONE_COUNTRY_NEEDED: {
    sentence: 'The values are national telephone numbers.',
    fix: 'Set `options.defaultCountry`, such as US; otherwise the values stay unchanged.',
  },
  DIRECTION_WORD_UNKNOWN: {
    sentence: 'Some values of this field are not a known direction.',
    fix: 'Give each value an alias in the mapping or in the settings.',
  },
  REQUIRED_NOT_FOUND: {
    sentence: 'No field fits this required target.',
    fix: 'Choose its source field, or send it in file names.',
  },
  MAPPING_TOO_LARGE: {
    sentence: 'The sample has more fields than a mapping may have rows.',
    fix: 'Map the fields that need a type; all others are kept as text.',
  },
  TIME_ZONE_NEEDED: {
    sentence: 'The times name no zone, and the tenant has none.',
    fix: 'Set `timeZone` to the zone of these times, or send an offset with each.',
  },
  TWELVE_HOUR_CLOCK_SUSPECTED: {
    sentence: 'None of many times has an hour past 12.',
    fix: 'Send a 24-hour clock, or AM and PM with the time.',
  },
  MAPPING_EMPTY: {
    sentence: 'The mapping has no fields, so that file names alone say what a call is.',
    fix: 'Map the fields of the metadata, or roll back to an earlier version.',
  },
  TARGET_NOT_MAPPED: {
    sentence: 'No row has this target, so that every file name has to give it.',
    fix: 'Map a field to it, or make sure that file names hold it.',
  },
  TARGET_UNKNOWN: {
    sentence: 'The target is spelled almost like a known one and is a field of its own.',
    fix: 'Correct the target, or rename it where a field of its own is meant.',
  },
  DIRECTION_UNKNOWN: {
    sentence: 'An alias stands for something that is not a known direction.',
    fix: 'Let it stand for a known direction, or add the direction to the setting `directions`.',
  },
  YAML_INVALID: {
    sentence: 'The set-up file is not valid YAML or has an unexpected structure.',
    fix: 'Correct the line named here.',
  },
} as const satisfies Record<string, { readonly sentence: string; readonly fix: string }>;

export type SampleIssueCode = keyof typeof SAMPLE_ISSUE_TABLE;

/** The issue of a code: its sentence, what exactly, and its fix. */
export function sampleIssue(code: SampleIssueCode, at: string | null, detail: string | null = null): Issue {
  const { sentence, fix } = SAMPLE_ISSUE_TABLE[code];
  return issue(code, [sentence, ...(detail === null ? [] : [detail]), fix].join(' '), at);
}
