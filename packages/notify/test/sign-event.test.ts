import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { signEvent } from '../src/index.ts';

const secretOf = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const body = JSON.stringify({ type: 'call.surfaced', data: { note: 'Grüße, 日本' } });
const eventId = randomUUID();

test('the public library of Standard Webhooks accepts what is signed, and nothing that was changed', () => {
  const secret = secretOf();
  const headers = signEvent([secret], { eventId, body, nowMs: Date.now() });
  expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': randomUUID() })).toThrow();
  expect(() => new Webhook(secretOf()).verify(body, headers)).toThrow();
});

test('a message that is sent again six minutes later with its old time is refused', () => {
  const secret = secretOf();
  const headers = signEvent([secret], { eventId, body, nowMs: Date.now() - 6 * 60_000 });
  expect(() => new Webhook(secret).verify(body, headers)).toThrow();
});

test('while two secrets are in force, receivers with either accept', () => {
  const [fresh, old] = [secretOf(), secretOf()];
  const headers = signEvent([fresh, old], { eventId, body, nowMs: Date.now() });
  for (const secret of [fresh, old])
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
});
