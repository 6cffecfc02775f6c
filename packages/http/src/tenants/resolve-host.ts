import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Turns } from '@callbay/ingestion';

/** The addresses of a host name; none where it has none, or where nobody knows in time. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

const WAIT_MS = 2_000;

/**
 * Asks the system's resolver, which a webhook will ask too. A lookup cannot be stopped and holds a thread of the few
 * that also read blobs, so that one runs at a time: a name whose servers are slow delays only other lookups.
 */
export function createResolveHost(): ResolveHost {
  const turns = new Turns({ total: 1, perKey: 1, waitingPerKey: 8 });
  const ask = async (host: string): Promise<readonly string[]> => {
    try {
      const found = await turns.run('lookup', () => lookup(host, { all: true, verbatim: true }));
      return found.map(({ address }) => address);
    } catch {
      // Every delivery resolves the name again, and is refused where it leads to a forbidden address.
      return [];
    }
  };
  return (host) => Promise.race([ask(host), delay(WAIT_MS, [], { ref: false })]);
}
