import { describe, expect, test } from 'vitest';
import {
  checkWebhookUrl,
  isWebhookAddressAllowed,
  judgeWebhookAddresses,
  retryDelayMs,
} from '../../src/index.ts';

const NONE = { allow: [] };
const codeOf = (url: string, allow: string[] = []) => checkWebhookUrl(url, { allow })?.code ?? null;

describe('a webhook goes to public addresses only', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    'example.com',
    '',
  ])('not to %s', (address) => {
    expect(isWebhookAddressAllowed(address, NONE)).toBe(false);
  });

  test.each([
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '2606:4700:4700::1111',
    '::ffff:1.1.1.1',
  ])('but to %s', (address) => {
    expect(isWebhookAddressAllowed(address, NONE)).toBe(true);
  });

  test('and to what the operator named, in either family', () => {
    expect(isWebhookAddressAllowed('10.1.2.3', { allow: ['10.1.2.0/24'] })).toBe(true);
    expect(isWebhookAddressAllowed('10.1.3.3', { allow: ['10.1.2.0/24'] })).toBe(false);
    expect(isWebhookAddressAllowed('::ffff:10.1.2.3', { allow: ['10.1.2.0/24'] })).toBe(true);
    expect(isWebhookAddressAllowed('fd00::1', { allow: ['10.0.0.0/8', 'fd00::/8'] })).toBe(true);
  });
});

describe('a webhook URL is checked when it is set', () => {
  test.each([
    'https://127.0.0.1/hook',
    'https://127.1/hook',
    'https://2130706433/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]:8443/x',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://db.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'http://example.com/',
    'https://127。0。0。1/',
    'https://ip6-localhost/',
    'https://ip6-loopback./',
    'https://postgres/',
    'https://hooks.example.com:22/',
    'https://hooks.example.com:6379/',
    'https://hooks.example.com:80/',
    'https://1.1.1.1:25/',
  ])('%s is WEBHOOK_ADDRESS_FORBIDDEN', (url) => {
    expect(codeOf(url)).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
  });

  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'nonsense',
    '',
    'https://user:pass@example.com/',
    `https://example.com/${'x'.repeat(2000)}`,
  ])('%s is WEBHOOK_URL_INVALID', (url) => {
    expect(codeOf(url)).toBe('WEBHOOK_URL_INVALID');
  });

  test('a public https address or name is taken, and on premise what the operator allows', () => {
    expect(codeOf('https://hooks.example.com/callbay?team=1')).toBeNull();
    expect(codeOf('https://hooks.example.com:8443/')).toBeNull();
    expect(codeOf('https://1.1.1.1:443/')).toBeNull();
    expect(codeOf('http://10.0.0.7:8080/hook', ['10.0.0.0/8'])).toBeNull();
    expect(codeOf('http://127.0.0.1/', ['10.0.0.0/8'])).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
    expect(codeOf('https://1.1.1.1:22/', ['10.0.0.0/8'])).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
  });
});

describe('a webhook URL whose host is a name is judged by the addresses of the name', () => {
  const judge = (url: string, addresses: string[], allow: string[] = []) =>
    judgeWebhookAddresses(new URL(url), addresses, { allow })?.code ?? null;
  const https = 'https://hooks.example.com/';

  test.each([['127.0.0.1'], ['10.0.0.7'], ['::1'], ['1.1.1.1', '10.0.0.7']])(
    'one private address is enough to refuse it: %s %s',
    (...addresses) => {
      expect(judge(https, addresses)).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
    },
  );

  test('public addresses are reached over https on its usual ports, allowed ones in any way', () => {
    expect(judge(https, ['1.1.1.1', '2606:4700:4700::1111'])).toBeNull();
    for (const url of ['http://hooks.example.com/', 'https://hooks.example.com:22/']) {
      expect(judge(url, ['1.1.1.1'], ['10.0.0.0/8'])).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
      expect(judge(url, ['10.0.0.7', '1.1.1.1'], ['10.0.0.0/8'])).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
      expect(judge(url, ['10.0.0.7'], ['10.0.0.0/8'])).toBeNull();
    }
  });
});

test('a delivery is tried twelve times over some thirty hours, then given up', () => {
  const delays = Array.from({ length: 12 }, (_, index) => retryDelayMs(index + 1));
  expect(delays.slice(0, 4)).toEqual([60_000, 120_000, 240_000, 480_000]);
  expect(delays.at(-2)).toBe(6 * 60 * 60 * 1000);
  expect(delays.at(-1)).toBeNull();
});
