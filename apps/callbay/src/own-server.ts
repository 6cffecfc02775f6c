import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { type Config, readTlsIdentity } from '@callbay/runtime';
import { Agent } from 'undici';
import { reachableHost } from './supervisor/ports.ts';

/** Where the server of this home is reached from this machine. */
export function httpAddress(config: Pick<Config, 'bind' | 'http'>, port: number): string {
  return `${config.http.tls === null ? 'http' : 'https'}://${reachableHost(config.bind)}:${port}`;
}

/**
 * `fetch` from the server of this home. Where it serves TLS, its certificate names the host that customers use, not the
 * address here, and may be self-signed: exactly the certificate in CALLBAY_TLS_CERT is accepted, whatever it names. Throws
 * a ConfigError where that cannot be read.
 */
export function ownFetch(config: Pick<Config, 'http'>): typeof fetch {
  const { tls } = config.http;
  if (tls === null) return fetch;
  const { cert, fingerprint256 } = readTlsIdentity(tls, new Date());
  const checkIdentity = (host: string, peer: PeerCertificate): Error | undefined =>
    peer.fingerprint256 === fingerprint256 ? undefined : checkServerIdentity(host, peer);
  const agent: unknown = new Agent({
    connect: { ca: cert, allowPartialTrustChain: true, checkServerIdentity: checkIdentity },
  });
  // Node's own fetch takes it; its types are of another release of the same library.
  const dispatcher = agent as NonNullable<RequestInit['dispatcher']>;
  return (url, init) => fetch(url, { ...init, dispatcher });
}
