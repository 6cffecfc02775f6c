import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProxyHeader } from '../src/sftp/proxy-header.ts';
import { proxyHeader } from './proxy-headers.ts';

const CLIENT = { address: '203.0.113.7', port: 40_000 };
const whole = proxyHeader(CLIENT);

/** The header with one byte of it changed. */
const withByte = (at: number, value: number): Buffer => {
  const changed = Buffer.from(whole);
  changed[at] = value;
  return changed;
};

test('a header names the client, over IPv4 and IPv6, and its end is where the client begins', () => {
  expect(parseProxyHeader(Buffer.concat([whole, Buffer.from('SSH-2.0-x\r\n')]))).toEqual({
    status: 'whole',
    sizeBytes: whole.length,
    client: CLIENT,
  });
  const client = { address: '2001:db8::7', port: 1 };
  expect(parseProxyHeader(proxyHeader(client))).toMatchObject({ status: 'whole', client });
  const mapped = proxyHeader({ address: '::ffff:203.0.113.7', port: 40_000 });
  expect(parseProxyHeader(mapped)).toMatchObject({ client: CLIENT });
});

test('extensions are passed over, and a check of health by the balancer itself names nobody', () => {
  const extended = proxyHeader(CLIENT, Buffer.from([0x04, 0, 3, 0, 0, 0, 0x20, 0, 0]));
  expect(parseProxyHeader(extended)).toMatchObject({
    status: 'whole',
    sizeBytes: extended.length,
    client: CLIENT,
  });
  expect(parseProxyHeader(withByte(12, 0x20))).toMatchObject({ status: 'whole', client: null });
});

describe.each<[string, Buffer]>([
  ['version 1', Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1 40000 22\r\n')],
  ['an SSH client', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['a header behind something else', Buffer.concat([Buffer.from('x'), whole])],
  ['an unknown version', withByte(12, 0x11)],
  ['an unknown command', withByte(12, 0x22)],
  ['UDP', withByte(13, 0x12)],
  ['a Unix socket', withByte(13, 0x31)],
  ['no address at all', withByte(13, 0x00)],
  ['more than 2 KB', withByte(14, 0x08 + 1)],
  ['addresses that are cut off', withByte(15, 11)],
  ['extensions that go beyond the header', proxyHeader(CLIENT, Buffer.from([0x04, 0, 9, 0]))],
  ['half an extension', proxyHeader(CLIENT, Buffer.from([0x04, 0]))],
  ['port 0', proxyHeader({ ...CLIENT, port: 0 })],
  ['0.0.0.0', proxyHeader({ ...CLIENT, address: '0.0.0.0' })],
  ['a multicast address', proxyHeader({ ...CLIENT, address: '224.0.0.1' })],
])('%s', (_what, bytes) => {
  test('is not a header', () => {
    expect(parseProxyHeader(bytes).status).toBe('invalid');
  });
});

test('however it is cut, the beginning of a header is incomplete and nothing else', () => {
  for (let size = 0; size < whole.length; size += 1)
    expect(parseProxyHeader(whole.subarray(0, size))).toEqual({ status: 'incomplete' });
});

test('no bytes make it throw, and a whole header never reaches beyond what came', () => {
  const hostile = fc
    .tuple(
      fc.boolean(),
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
    )
    .map(([isHeader, tail, changes]) => {
      const bytes = Buffer.concat([isHeader ? whole : Buffer.alloc(0), tail]);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  fc.assert(
    fc.property(hostile, (bytes) => {
      const header = parseProxyHeader(bytes);
      if (header.status !== 'whole') return;
      expect(header.sizeBytes).toBeLessThanOrEqual(bytes.length);
      expect(bytes.subarray(0, 12)).toEqual(whole.subarray(0, 12));
    }),
    { numRuns: 5_000 },
  );
});
