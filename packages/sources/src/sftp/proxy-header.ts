import ipaddr from 'ipaddr.js';

/** Who a proxy says is at the other end. Null: the proxy itself, to see whether we are there. */
export interface ProxiedClient {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** So far it is the beginning of one. */
  | { readonly status: 'incomplete' }
  | { readonly status: 'invalid'; readonly reason: string }
  /** `sizeBytes` of it; what follows is the client's own. */
  | { readonly status: 'whole'; readonly sizeBytes: number; readonly client: ProxiedClient | null };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
/** Addresses and extensions. A proxy's extensions take tens of bytes, a certificate's name a few hundred. */
const MAX_REST_BYTES = 2_048;
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPECIFIED = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;
const TLV_BYTES = 3;

const invalid = (reason: string): ProxyHeader => ({ status: 'invalid', reason });

/** Whether `rest` is extensions from its first byte to its last: type, length in two bytes, value. */
function areExtensions(rest: Buffer): boolean {
  let at = 0;
  while (at + TLV_BYTES <= rest.length) at += TLV_BYTES + rest.readUInt16BE(at + 1);
  return at === rest.length;
}

/**
 * Reads a header of the PROXY protocol, version 2, for TCP, from the first bytes of a connection. Nothing else is a header: no
 * version 1, no other transport, no address that is none of a client. Never throws.
 * Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.2.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) return invalid('no signature');
  if (bytes.length < FIXED_BYTES) return { status: 'incomplete' };
  const [command, family, restBytes] = [bytes.readUInt8(12), bytes.readUInt8(13), bytes.readUInt16BE(14)];
  if (command !== LOCAL && command !== PROXY) return invalid('unknown version or command');
  if (restBytes > MAX_REST_BYTES) return invalid('too long');
  const sizeBytes = FIXED_BYTES + restBytes;
  if (bytes.length < sizeBytes) return { status: 'incomplete' };
  // The addresses of a proxy's own connection are not to be looked at.
  if (command === LOCAL) return { status: 'whole', sizeBytes, client: null };
  if (family === UNSPECIFIED) return invalid('no address');
  if (family !== TCP4 && family !== TCP6) return invalid('not TCP');
  return readAddresses(bytes.subarray(FIXED_BYTES, sizeBytes), family === TCP4 ? 4 : 16, sizeBytes);
}

/** `rest`: two addresses of `width` bytes, two ports, extensions. */
function readAddresses(rest: Buffer, width: 4 | 16, sizeBytes: number): ProxyHeader {
  const addressBytes = 2 * width + 4;
  if (rest.length < addressBytes) return invalid('addresses cut off');
  if (!areExtensions(rest.subarray(addressBytes))) return invalid('broken extensions');
  const parsed = ipaddr.fromByteArray([...rest.subarray(0, width)]);
  const source = ipaddr.process(parsed.toString());
  const port = rest.readUInt16BE(2 * width);
  if (port === 0 || ['unspecified', 'multicast', 'broadcast'].includes(source.range()))
    return invalid('no address of a client');
  return { status: 'whole', sizeBytes, client: { address: source.toString(), port } };
}
