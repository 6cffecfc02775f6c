import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CallEvent } from './types.ts';

/** An older message may be one that somebody sends again. */
const MAX_AGE_SECONDS = 300;

/**
 * The event of a posted message, once its signature is right. `body` are the bytes as they came, before any parser; headers by
 * their names in lower case. Throws for a message that Callbay did not sign, or signed over five minutes ago. Source: Standard Webhooks.
 */
export function verifyWebhook(
  secret: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: Uint8Array,
  nowMs = Date.now(),
): CallEvent {
  const headerOf = (name: string): string => {
    const value = headers[name];
    if (typeof value !== 'string') throw new Error(`The header ${name} is missing.`);
    return value;
  };
  const id = headerOf('webhook-id');
  const timestamp = headerOf('webhook-timestamp');
  const signed = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest();
  const isSigned = headerOf('webhook-signature')
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .map((part) => Buffer.from(part.slice(3), 'base64'))
    .some((given) => given.length === signed.length && timingSafeEqual(given, signed));
  if (!isSigned) throw new Error('The message is not signed with this secret.');
  if (!(Math.abs(nowMs / 1000 - Number(timestamp)) <= MAX_AGE_SECONDS))
    throw new Error('The message was signed more than five minutes ago, or in the future.');
  return JSON.parse(Buffer.from(body).toString('utf8')) as CallEvent;
}
