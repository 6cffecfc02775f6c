/** What a benchmark prints at its end, as one JSON line. */
export interface BenchResult {
  readonly name: string;
  /** The median of `runs`. */
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  /** Over 1 when we are ahead, whichever way the unit counts. */
  readonly ratio: number;
  /** Ours, run by run. */
  readonly runs: readonly number[];
}

/** The middle value; of an even count the lower one of the two. */
export function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

/** Three digits that count: measured figures have no more. */
export const round = (value: number): number => Number(value.toPrecision(3));

/** The result of rates (more is better) that were measured in turn. */
export function compareRates(
  name: string,
  unit: string,
  ours: readonly number[],
  peers: readonly number[],
): BenchResult {
  const [mine, theirs] = [median(ours), median(peers)];
  return {
    name,
    ours: round(mine),
    peer: round(theirs),
    unit,
    ratio: round(mine / theirs),
    runs: ours.map(round),
  };
}

/**
 * The result of rates that were measured side by side, ours and the peer's: the median of their ratios. What others do on
 * the machine meanwhile meets both.
 */
export function comparePairs(
  name: string,
  unit: string,
  pairs: readonly (readonly [ours: number, peer: number])[],
): BenchResult {
  return {
    name,
    ours: round(median(pairs.map(([ours]) => ours))),
    peer: round(median(pairs.map(([, peer]) => peer))),
    unit,
    ratio: round(median(pairs.map(([ours, peer]) => ours / peer))),
    runs: pairs.map(([ours]) => round(ours)),
  };
}
