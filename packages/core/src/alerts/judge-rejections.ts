/** Files that have ended (done or rejected), and how many of them were rejected. */
export interface EndedFiles {
  readonly ended: number;
  readonly rejected: number;
}

/** Fewer files than this in an hour say nothing about a rate. */
const MIN_ENDED_IN_HOUR = 20;
/** With fewer files than this in the week before there is no baseline, and 5% counts as usual. */
const MIN_ENDED_BEFORE = 100;
const USUAL_WITHOUT_BASELINE = 0.05;

/** An hour whose rejections are worth comparing with the week before. */
export const isHourSuspicious = ({ ended, rejected }: EndedFiles): boolean =>
  ended >= MIN_ENDED_IN_HOUR && rejected / ended >= 0.05;

/**
 * Whether the last hour's rejections are a jump. With `p` the share rejected in the 7 days before, (rejected + 1) /
 * (ended + 2), and `r` the last hour's over `n` files, it is one where n ≥ 20, r ≥ 10%, r ≥ 3p, and r lies 4 standard
 * deviations √(p(1 − p)/n) above p. One that is open already ends only where r < 5% or r < 1.5p, so that it does not
 * open and close with every file; and where fewer than 20 files ended, since an hour without files has no rate.
 */
export function judgeRejections(lastHour: EndedFiles, before: EndedFiles, isOpen: boolean): boolean {
  if (!isHourSuspicious(lastHour)) return false;
  const rate = lastHour.rejected / lastHour.ended;
  const usual = usualRate(before);
  if (isOpen) return rate >= 1.5 * usual;
  const deviation = Math.sqrt((usual * (1 - usual)) / lastHour.ended);
  return rate >= 0.1 && rate >= 3 * usual && rate >= usual + 4 * deviation;
}

/** The share of files that was usually rejected; never 0 or 1, so that one bad file is not infinitely unlikely. */
export const usualRate = ({ ended, rejected }: EndedFiles): number =>
  ended < MIN_ENDED_BEFORE ? USUAL_WITHOUT_BASELINE : (rejected + 1) / (ended + 2);
