import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A header of the PROXY protocol, version 2, as a balancer on 127.0.0.1:22 (or ::1) writes it for this client. */
export function proxyHeader(client: { address: string; port: number }, extensions = Buffer.alloc(0)): Buffer {
  const isV6 = isIPv6(client.address);
  const addresses = [client.address, isV6 ? '::1' : '127.0.0.1'].map((each) =>
    Buffer.from(ipaddr.parse(each).toByteArray()),
  );
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(client.port, 0);
  ports.writeUInt16BE(22, 2);
  const rest = Buffer.concat([...addresses, ports, extensions]);
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n....', 'latin1');
  head[12] = 0x21;
  head[13] = isV6 ? 0x21 : 0x11;
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}
