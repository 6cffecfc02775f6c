import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * The headers of Standard Webhooks: HMAC-SHA256 of `id.timestamp.body` under each secret, the newest first. Secrets are
 * `whsec_` and the key in base64. Source: the Standard Webhooks specification.
 */
export function signEvent(
  secrets: readonly string[],
  { eventId, body, nowMs }: { eventId: string; body: string; nowMs: number },
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const at = String(Math.floor(nowMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${eventId}.${at}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': eventId, 'webhook-timestamp': at, 'webhook-signature': signatures.join(' ') };
}
