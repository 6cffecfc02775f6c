import { createHmac } from 'node:crypto';

/**
 * The header X-Callbay-Signature: `t=<unix seconds>,v1=<HMAC-SHA256 in hex of "t.body" under the secret>`. The time is
 * inside what is signed, so that a receiver can refuse an old one sent again.
 */
export function signWebhook(secret: string, body: string, nowMs: number): string {
  const at = Math.floor(nowMs / 1000);
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return `t=${at},v1=${signature}`;
}
