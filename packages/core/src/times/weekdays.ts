/** English names, Sunday first. */
export const WEEKDAYS: readonly string[] = 'sunday monday tuesday wednesday thursday friday saturday'.split(
  ' ',
);

const BY_NAME: ReadonlyMap<string, number> = new Map([
  ...WEEKDAYS.flatMap((day, index): [string, number][] => [
    [day, index],
    [day.slice(0, 3), index],
  ]),
  ['tues', 2],
  ['thur', 4],
  ['thurs', 4],
]);

/** 0 (Sunday) to 6, or -1 for a word that is not a day of the week. */
export const weekdayNamed = (word: string): number => BY_NAME.get(word.toLowerCase()) ?? -1;
