import { type Issue, issue } from '../issue.ts';
import { hintOfExcel } from '../mapping/excel-hints.ts';
import { quoteValue } from '../text/quote-value.ts';
import { compileDateFormat } from './date-format.ts';
import { readIsoTime } from './iso-time.ts';
import { readByFormat } from './read-by-format.ts';
import type { FalseWeekday, TimeReading } from './time-reading.ts';
import { resolveWallTime } from './wall-time.ts';

export interface InstantContext {
  /** Date formats, tried in order; ISO 8601 is tried after them. */
  readonly formats: readonly string[];
  /** The tenant's zone, for times without an offset; null where the tenant has none yet. */
  readonly timeZone: string | null;
  readonly receivedAtMs: number;
}

export interface ParsedInstant {
  /** Epoch milliseconds. */
  readonly instant: number | null;
  /** METADATA_INVALID. */
  readonly issues: readonly Issue[];
  /** TIME_NONEXISTENT, TIME_AMBIGUOUS. */
  readonly warnings: readonly Issue[];
  /** The text is good but names no zone, and the tenant has none: only a setting is missing. */
  readonly needsTimeZone: boolean;
}

const MAX_TEXT_CHARS = 100;

function readTime(text: string, formats: readonly string[]): TimeReading | FalseWeekday | null {
  if (text.length > MAX_TEXT_CHARS) return null;
  const oneLine = text.trim().replace(/\s+/g, ' ');
  let falseWeekday: FalseWeekday | null = null;
  for (const format of formats) {
    const compiled = compileDateFormat(format);
    const reading = 'format' in compiled ? readByFormat(oneLine, compiled.format) : null;
    if (reading?.kind === 'falseWeekday') falseWeekday ??= reading;
    else if (reading !== null) return reading;
  }
  return readIsoTime(oneLine) ?? falseWeekday;
}

function refuse(message: string, needsTimeZone: boolean): ParsedInstant {
  return { instant: null, issues: [issue('METADATA_INVALID', message)], warnings: [], needsTimeZone };
}

/**
 * The instant a text names. With an offset it is absolute; without one it is wall time in the tenant's zone,
 * never the server's. Without a format that says so, day and month are never guessed: only ISO 8601 is read.
 * Milliseconds are kept and anything finer cut off.
 */
export function parseInstant(text: string, context: InstantContext): ParsedInstant {
  const reading = readTime(text, context.formats);
  if (reading === null) {
    const formats = [...context.formats, 'ISO 8601 such as 2021-05-11T21:59:59Z'].join(', or ');
    const hint = hintOfExcel(text.trim());
    return refuse(
      `Expected a date and time as ${formats}, found ${quoteValue(text)}.${hint === null ? '' : ` ${hint}`}`,
      false,
    );
  }
  if (reading.kind === 'falseWeekday') {
    const { said, real } = reading;
    return refuse(`The date is a ${real} and the text says ${said}: found ${quoteValue(text)}.`, false);
  }
  if (reading.kind === 'absolute') {
    return { instant: reading.instant, issues: [], warnings: [], needsTimeZone: false };
  }
  if (context.timeZone === null) {
    return refuse(
      'The time has no offset and the tenant no time zone: set `timeZone`, or send an offset.',
      true,
    );
  }
  const { instant, warnings } = resolveWallTime(reading.wall, context.timeZone, context.receivedAtMs);
  return { instant: instant + reading.millis, issues: [], warnings, needsTimeZone: false };
}
