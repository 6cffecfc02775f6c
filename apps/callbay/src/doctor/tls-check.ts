import { type Config, ConfigError, readTlsIdentity } from '@callbay/runtime';
import { type Finding, fail, ok, warn } from './finding.ts';

const DAY_MS = 86_400_000;
/** Renewals by ACME happen a month ahead: two weeks before the end, something has failed twice. */
const SOON_DAYS = 14;

/** Whether HTTP can be served with the certificate that the configuration names, today and in two weeks. */
export function checkTls(config: Pick<Config, 'http'>, now = new Date()): Finding[] {
  const { tls } = config.http;
  if (tls === null) return [];
  try {
    const { notAfter } = readTlsIdentity(tls, now);
    const days = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS);
    const sentence = `The certificate ends on ${notAfter.toISOString().slice(0, 10)}, in ${days} ${days === 1 ? 'day' : 'days'}.`;
    if (days >= SOON_DAYS) return [ok('tls', sentence)];
    return [warn('tls', sentence, `Renew ${tls.certFile}: it is read again without a restart.`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ variable, message }) =>
      fail(
        'tls',
        `${variable}: ${message}.`,
        `Put a certificate that holds into ${tls.certFile}, and its key into ${tls.keyFile}.`,
      ),
    );
  }
}
