import { Temporal } from 'temporal-polyfill';

/** One calendar day in a zone: 23 to 25 hours; epoch milliseconds, `untilMs` exclusive. */
export interface DayRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The instants of a day, `2026-03-29`, in a zone. Throws a RangeError for an invalid day or zone. */
export function rangeOfDay(day: string, timeZone: string): DayRange {
  const date = Temporal.PlainDate.from(day);
  return {
    fromMs: date.toZonedDateTime(timeZone).epochMilliseconds,
    untilMs: date.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds,
  };
}

/** The day that an instant lies in, by the clocks of a zone. */
export const dayOf = (instantMs: number, timeZone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();

/** The day so many days after another; before it, where negative. */
export const addDays = (day: string, days: number): string =>
  Temporal.PlainDate.from(day).add({ days }).toString();

/** The hour, 0 to 23, that clocks of a zone show at an instant. */
export const hourOf = (instantMs: number, timeZone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone).hour;

/** How far clocks of a zone are ahead of UTC at an instant, in minutes. */
export const offsetMinutesOf = (instantMs: number, timeZone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone).offsetNanoseconds / 60e9;
