import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { parseProxyHeader } from './proxy-header.ts';

/** Who is at the other end of a connection. */
export interface ClientAddress {
  readonly address: string;
  /** Bytes that a proxy sent before the client's first. */
  readonly headerBytes: number;
}

/** A proxy sends its header with the first packet. */
const HEADER_MS = 5_000;
const MAX_HEADER_BYTES = 4_096;

/** `ranges`: addresses and CIDR ranges. IPv4 inside IPv6 counts as IPv4. */
export function isAddressIn(ranges: readonly string[], address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const own = ipaddr.process(address);
  return ranges.some((range) => {
    if (!range.includes('/'))
      return ipaddr.isValid(range) && ipaddr.process(range).toString() === own.toString();
    if (!ipaddr.isValidCIDR(range)) return false;
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === own.kind() && own.match(network, bits);
  });
}

/**
 * Finds out who connects. From an address in `proxies` a header of the PROXY protocol has to come first, and is taken off; from
 * any other address none is believed: it reaches SSH as what it is, junk. Null where the header is not one, does not come
 * in time, or the connection ends.
 */
export async function readClientAddress(
  socket: Socket,
  proxies: readonly string[],
): Promise<ClientAddress | null> {
  const peer = socket.remoteAddress ?? '';
  if (!isAddressIn(proxies, peer)) return { address: peer, headerBytes: 0 };
  const header = await readHeader(socket);
  if (header === null) return null;
  return { address: header.address ?? peer, headerBytes: header.sizeBytes };
}

interface ReadHeader {
  /** Null: the proxy connects for itself. */
  readonly address: string | null;
  readonly sizeBytes: number;
}

function readHeader(socket: Socket): Promise<ReadHeader | null> {
  const { promise, resolve } = Promise.withResolvers<ReadHeader | null>();
  let seen = Buffer.alloc(0);
  const give = (found: ReadHeader | null): void => {
    clearTimeout(timer);
    socket.off('readable', look);
    socket.off('close', end);
    socket.off('end', end);
    resolve(found);
  };
  const end = (): void => give(null);
  const look = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      seen = Buffer.concat([seen, chunk as Buffer]);
      const header = parseProxyHeader(seen);
      if (header.status === 'incomplete' && seen.length < MAX_HEADER_BYTES) continue;
      const isWhole = header.status === 'whole';
      if (isWhole && seen.length > header.sizeBytes) socket.unshift(seen.subarray(header.sizeBytes));
      give(isWhole ? { address: header.client?.address ?? null, sizeBytes: header.sizeBytes } : null);
      break;
    }
  };
  const timer = setTimeout(end, HEADER_MS);
  socket.on('readable', look);
  socket.once('close', end);
  socket.once('end', end);
  return promise;
}
