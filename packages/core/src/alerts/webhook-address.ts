import ipaddr from 'ipaddr.js';
import { type Issue, issue } from '../issue.ts';

/** What a webhook may be: any public address over https, and whatever the operator's CIDR ranges name. */
export interface WebhookRules {
  /** CIDR ranges from CALLBAY_WEBHOOK_ALLOW that are allowed although they are not public; none by default. */
  readonly allow: readonly string[];
}

export const MAX_WEBHOOK_URL = 2_000;

/** Names that mean this machine or its network whatever the resolver says. Source: RFC 6761, RFC 6762, RFC 8375. */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|home\.arpa|localdomain)\.?$/i;

/** Ranges inside 2000::/3 that are not public: they embed an IPv4 address, or cannot be a destination. */
const NOT_PUBLIC_V6 = [
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32',
  '2002::/16', // 6to4
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
].map((range) => ipaddr.IPv6.parseCIDR(range));
const NOT_PUBLIC_V4 = ['192.0.0.0/24', '192.88.99.0/24', '198.18.0.0/15'].map((range) =>
  ipaddr.IPv4.parseCIDR(range),
);
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** The address itself, an IPv4 one out of its IPv4-mapped form; null for what is none. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.process(text);
  return address instanceof ipaddr.IPv6 && address.zoneId !== undefined ? null : address;
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address instanceof ipaddr.IPv4) {
    return address.range() === 'unicast' && !NOT_PUBLIC_V4.some((range) => address.match(range));
  }
  return address.match(GLOBAL_V6) && !NOT_PUBLIC_V6.some((range) => address.match(range));
}

/** Whether one of the operator's ranges holds the address. */
function isAddressNamed(text: string, { allow }: WebhookRules): boolean {
  const address = parseAddress(text);
  return address !== null && allow.some((cidr) => isWithin(address, cidr));
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, cidr: string): boolean {
  const [range, bits] = ipaddr.parseCIDR(cidr);
  return range.kind() === address.kind() && address.match(range, bits);
}

/**
 * Whether a webhook may be sent to an address: public unicast, or named by the operator. Loopback, private, link-local,
 * shared (CGNAT), multicast, reserved and documentation addresses are not, nor what embeds an IPv4 address.
 */
export function isWebhookAddressAllowed(text: string, rules: WebhookRules): boolean {
  const address = parseAddress(text);
  return address !== null && (isPublic(address) || isAddressNamed(text, rules));
}

const refuse = (message: string): Issue => issue('WEBHOOK_ADDRESS_FORBIDDEN', message);

/** The host of a URL as an address, without the brackets of IPv6; null where it is a name. */
export const addressInUrl = (url: URL): string | null => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(host) ? host : null;
};

/** The empty one is 443 in an https URL. Behind other ports are services that speak other protocols. */
const PORTS: ReadonlySet<string> = new Set(['', '8443']);

/** Why a URL cannot be used for a host that the operator did not allow by its address. */
function judgePublicUrl(url: URL): Issue | null {
  if (url.protocol === 'http:') return refuse('A webhook needs https, because alerts contain file names.');
  if (!PORTS.has(url.port)) return refuse(`A webhook may use port 443 or 8443, not ${url.port}.`);
  return null;
}

/**
 * Why a webhook may not go to these addresses of its host, or null: WEBHOOK_ADDRESS_FORBIDDEN. One forbidden address
 * among several is enough, because which of them is used would be chance. None at all is not judged. Addresses that
 * the operator allowed may be reached on any port, and over http.
 */
export function judgeWebhookAddresses(
  url: URL,
  addresses: readonly string[],
  rules: WebhookRules,
): Issue | null {
  if (addresses.length > 0 && addresses.every((address) => isAddressNamed(address, rules))) return null;
  if (!addresses.every((address) => isWebhookAddressAllowed(address, rules))) {
    return refuse(
      addressInUrl(url) === null
        ? `A webhook may not go to a private or local address, and ${url.hostname} leads to one.`
        : 'A webhook may not go to a private or local address.',
    );
  }
  return addresses.length > 0 ? judgePublicUrl(url) : null;
}

/** A name without a dot is found in a hosts file or a search domain: it never is a public one. */
const isLocalName = (host: string): boolean =>
  LOCAL_NAME.test(host) || !host.replace(/\.$/, '').includes('.');

/**
 * Why a webhook URL cannot be used, or null: WEBHOOK_URL_INVALID or WEBHOOK_ADDRESS_FORBIDDEN. Where its host is a
 * name, `judgeWebhookAddresses` judges the addresses of the name. The URL parser has already turned `0x7f.1` into 127.0.0.1.
 */
export function checkWebhookUrl(text: string, rules: WebhookRules): Issue | null {
  const url = text.length <= MAX_WEBHOOK_URL ? URL.parse(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return issue('WEBHOOK_URL_INVALID', 'This is not an https URL.');
  }
  if (url.username !== '' || url.password !== '') {
    return issue(
      'WEBHOOK_URL_INVALID',
      'The URL must not contain a user name or password: the signature proves the sender.',
    );
  }
  const address = addressInUrl(url);
  if (address !== null) return judgeWebhookAddresses(url, [address], rules);
  // What the operator allowed is known by address, which a name does not have yet.
  if (rules.allow.length > 0) return null;
  if (isLocalName(url.hostname)) return refuse('A webhook may not go to a local name.');
  return judgePublicUrl(url);
}
