/** An archive or a trigger of one stem. */
export interface BundleFile {
  readonly fileId: string;
  readonly role: 'bundle' | 'trigger';
  readonly receiveSeq: number;
  /** Receive sequence of its removal by its sender. */
  readonly withdrawnSeq: number | null;
  /** It was purged while it waited. */
  readonly isPurgedUnpaired: boolean;
}

export type BundlePairing =
  | { readonly is: 'paired'; readonly with: string }
  | { readonly is: 'waiting' | 'superseded' | 'withdrawn' | 'purged' };

/**
 * Which trigger releases which archive, from all files of one stem in the order in which they were received: each archive takes
 * the trigger that waits, or waits for the next. A new archive needs a new trigger; of two that wait, the later one counts.
 * Source: K1, case 101.
 */
export function pairTriggers(files: readonly BundleFile[]): ReadonlyMap<string, BundlePairing> {
  const pairings = new Map<string, BundlePairing>();
  const waiting: Partial<Record<BundleFile['role'], BundleFile>> = {};
  const take = (file: BundleFile): void => {
    if (file.isPurgedUnpaired) {
      pairings.set(file.fileId, { is: 'purged' });
      return;
    }
    const other = file.role === 'bundle' ? 'trigger' : 'bundle';
    const partner = waiting[other];
    if (partner !== undefined) {
      pairings.set(file.fileId, { is: 'paired', with: partner.fileId });
      pairings.set(partner.fileId, { is: 'paired', with: file.fileId });
      delete waiting[other];
      return;
    }
    const earlier = waiting[file.role];
    if (earlier !== undefined) pairings.set(earlier.fileId, { is: 'superseded' });
    waiting[file.role] = file;
    pairings.set(file.fileId, { is: 'waiting' });
  };
  const withdraw = (file: BundleFile): void => {
    if (waiting[file.role]?.fileId !== file.fileId) return;
    delete waiting[file.role];
    pairings.set(file.fileId, { is: 'withdrawn' });
  };
  const steps = files.flatMap((file) => [
    { at: file.receiveSeq, run: () => take(file) },
    ...(file.withdrawnSeq === null ? [] : [{ at: file.withdrawnSeq, run: () => withdraw(file) }]),
  ]);
  for (const { run } of steps.sort((a, b) => a.at - b.at)) run();
  return pairings;
}
