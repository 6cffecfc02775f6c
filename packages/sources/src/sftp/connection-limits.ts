import type { SftpLimits } from './limits.ts';

/** Counts connections that have not logged in, overall and by address. */
export interface PreAuthGate {
  /** A function to call once the connection has logged in or is gone, or null where the connection is refused. */
  admit(address: string): (() => void) | null;
  count(): number;
}

/**
 * Half-open connections cost memory and handshakes, and nobody knows who they are. From `start` on, a share that
 * grows from `refusePercent` to all is turned away by chance, so that an honest client still has one.
 */
export function createPreAuthGate(limits: SftpLimits, random: () => number): PreAuthGate {
  const { start, refusePercent, full } = limits.preAuth;
  const byAddress = new Map<string, number>();
  let total = 0;

  const isRefused = (): boolean => {
    if (total < start) return false;
    if (total >= full) return true;
    const share = refusePercent + ((100 - refusePercent) * (total - start)) / (full - start);
    return random() * 100 < share;
  };

  return {
    admit(address) {
      const fromAddress = byAddress.get(address) ?? 0;
      if (fromAddress >= limits.preAuthPerAddress || isRefused()) return null;
      total += 1;
      byAddress.set(address, fromAddress + 1);
      let isCounted = true;
      return () => {
        if (!isCounted) return;
        isCounted = false;
        total -= 1;
        const left = (byAddress.get(address) ?? 1) - 1;
        if (left > 0) byAddress.set(address, left);
        else byAddress.delete(address);
      };
    },
    count: () => total,
  };
}
