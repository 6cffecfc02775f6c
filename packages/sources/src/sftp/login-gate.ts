import ipaddr from 'ipaddr.js';
import type { SftpLimits } from './limits.ts';

/** A connection that has not logged in. */
export interface PendingConnection {
  /** Whether the client has sent nothing, though it had the time. */
  isSilent(): boolean;
  close(): void;
}

/** Bounds the connections that have not logged in: they cost memory and handshakes, and nobody knows who they are. */
export interface LoginGate {
  /**
   * A function to call once the connection has logged in or is gone, or null where the connection is refused. May close
   * others that are pending.
   */
  admit(address: string, connection: PendingConnection): (() => void) | null;
  count(): number;
}

interface Pending extends PendingConnection {
  readonly network: string;
  readonly sinceMs: number;
}

const IPV6_NETWORK_PARTS = 4;

/** Whom an address counts for: an IPv4 address for itself, an IPv6 one for its /64, which one host may have whole. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return (parsed as ipaddr.IPv6).parts.slice(0, IPV6_NETWORK_PARTS).join(':');
}

/**
 * Nobody is refused while there is room. From `busy` on, clients that stay silent are closed early. When all places are
 * taken, the network that holds most of them loses one: a stranger with thousands of connections only displaces
 * their own, and an honest login from elsewhere always finds a place. `nowMs` is a clock that never jumps.
 */
export function createLoginGate({ preLogin }: SftpLimits, nowMs: () => number): LoginGate {
  const networks = new Map<string, Set<Pending>>();
  let total = 0;

  function remove(pending: Pending): void {
    const sameNetwork = networks.get(pending.network);
    if (sameNetwork?.delete(pending) !== true) return;
    total -= 1;
    if (sameNetwork.size === 0) networks.delete(pending.network);
  }

  function evict(pending: Pending): void {
    remove(pending);
    pending.close();
  }

  const isOverdue = (pending: Pending): boolean =>
    pending.isSilent() || nowMs() - pending.sinceMs > preLogin.slowMs;

  function closeSilent(): void {
    for (const pending of [...networks.values()].flatMap((some) => [...some]))
      if (pending.isSilent()) evict(pending);
  }

  /** Frees a place for `network`; false where no other network holds more and nobody is overdue. */
  function makeRoom(network: string): boolean {
    const own = (networks.get(network)?.size ?? 0) + 1;
    const most = Math.max(...[...networks.values()].map(({ size }) => size));
    const heaviest = [...networks.values()].filter(({ size }) => size === most);
    // In the order they came. An honest client logs in within a second or two: who lingers has least to lose.
    const overdue = heaviest.flatMap((some) => [...some]).find(isOverdue);
    const victim = overdue ?? (own < most ? [...(heaviest[0] ?? [])].at(-1) : undefined);
    if (victim === undefined) return false;
    evict(victim);
    return true;
  }

  return {
    admit(address, connection) {
      const network = networkOf(address);
      if (total >= preLogin.busy) closeSilent();
      if (total >= preLogin.full && !makeRoom(network)) return null;
      const pending: Pending = {
        network,
        sinceMs: nowMs(),
        isSilent: () => connection.isSilent(),
        close: () => connection.close(),
      };
      const sameNetwork = networks.get(network) ?? new Set();
      networks.set(network, sameNetwork.add(pending));
      total += 1;
      return () => remove(pending);
    },
    count: () => total,
  };
}
