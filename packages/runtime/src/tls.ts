import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError, type ConfigProblem } from './config.ts';

/** Where a certificate with its chain, and its private key, rest in PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate that TLS can be served with, as its files hold it. */
export interface TlsIdentity {
  /** The certificate, then its chain, in PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** SHA-256 of the certificate itself, in hex pairs with colons. */
  readonly fingerprint256: string;
  readonly notAfter: Date;
}

const CERT = 'CALLBAY_TLS_CERT';
const KEY = 'CALLBAY_TLS_KEY';

function readPart(variable: string, file: string, problems: ConfigProblem[]): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push({ variable, message: `${file} cannot be read (${code})` });
    return null;
  }
}

/** What `make` makes of a file, or null with a problem that says what the file should hold. */
function parsePart<T>(variable: string, wish: string, problems: ConfigProblem[], make: () => T): T | null {
  try {
    return make();
  } catch {
    problems.push({ variable, message: `must name ${wish}` });
    return null;
  }
}

function findProblem(certificate: X509Certificate, key: KeyObject, now: Date): ConfigProblem | null {
  if (!certificate.checkPrivateKey(key)) {
    return { variable: KEY, message: 'is the key of another certificate than CALLBAY_TLS_CERT' };
  }
  if (certificate.validToDate <= now) {
    return { variable: CERT, message: `ended on ${certificate.validToDate.toISOString()}: renew it` };
  }
  return null;
}

/** Reads a certificate and its key. Throws a ConfigError for whatever would keep clients away. */
export function readTlsIdentity({ certFile, keyFile }: TlsFiles, now: Date): TlsIdentity {
  const problems: ConfigProblem[] = [];
  const cert = readPart(CERT, certFile, problems);
  const key = readPart(KEY, keyFile, problems);
  const certificate =
    cert && parsePart(CERT, 'a certificate in PEM', problems, () => new X509Certificate(cert));
  const privateKey =
    key &&
    parsePart(KEY, 'a private key in PEM, without a passphrase', problems, () => createPrivateKey(key));
  if (cert && key && certificate && privateKey) {
    const problem = findProblem(certificate, privateKey, now);
    if (problem !== null) problems.push(problem);
    // The chain as a server takes it: a broken second certificate shows only here.
    else
      parsePart(CERT, 'a certificate and its chain in PEM', problems, () =>
        createSecureContext({ cert, key }),
      );
    if (problems.length === 0) {
      const { fingerprint256, validToDate: notAfter } = certificate;
      return { cert, key, fingerprint256, notAfter };
    }
  }
  throw new ConfigError(problems);
}

export interface TlsWatcher {
  /** The fingerprint of the certificate in use. */
  readonly served: string;
  onRenewed(identity: TlsIdentity): void;
  onProblem(error: ConfigError): void;
}

const WATCH_MS = 60_000;

/**
 * Reports a renewed certificate, so that no restart is needed: the files are looked at once a minute. While they hold
 * none that can be served, such as between two writes, `onProblem` is told and the one in use stays. Answers what ends it.
 */
export function watchTlsIdentity(files: TlsFiles, told: TlsWatcher, everyMs = WATCH_MS): () => void {
  let served = told.served;
  const look = (): void => {
    try {
      const identity = readTlsIdentity(files, new Date());
      // Both files change, one after the other.
      if (identity.fingerprint256 === served) return;
      served = identity.fingerprint256;
      told.onRenewed(identity);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      told.onProblem(error);
    }
  };
  const names = [files.certFile, files.keyFile];
  for (const name of names) watchFile(name, { interval: everyMs, persistent: false }, look);
  return () => {
    for (const name of names) unwatchFile(name, look);
  };
}
