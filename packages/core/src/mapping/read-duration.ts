const MAX_DURATION_CHARS = 40;

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
const CLOCK = /^(?:(?<hours>\d{1,5}):(?=\d{2}:))?(?<minutes>\d{1,5}):(?<seconds>[0-5]\d(?:\.\d{1,9})?)$/;
const ISO =
  /^P(?=.)(?:(?<days>\d{1,5})D)?(?:T(?=\d)(?:(?<hours>\d{1,6})H)?(?:(?<minutes>\d{1,7})M)?(?:(?<seconds>\d{1,9}(?:[.,]\d{1,9})?)S)?)?$/i;

/**
 * Reads a length of time as seconds: `95`, `95.5`, `mm:ss`, `hh:mm:ss`, or ISO 8601 up to days (`PT1M35S`); null
 * where the text is none of them. With hours, minutes stay below 60; negative lengths are refused.
 */
export function readDuration(text: string): number | null {
  if (text.length > MAX_DURATION_CHARS) return null;
  if (SECONDS.test(text)) return Number(text);
  const groups = (CLOCK.exec(text) ?? ISO.exec(text))?.groups;
  if (groups === undefined) return null;
  const of = (unit: string) => Number((groups[unit] ?? '0').replace(',', '.'));
  const isClock = text.includes(':');
  if (isClock && groups.hours !== undefined && of('minutes') > 59) return null;
  return of('days') * 86_400 + of('hours') * 3_600 + of('minutes') * 60 + of('seconds');
}
