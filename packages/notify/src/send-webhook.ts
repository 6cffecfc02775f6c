import { lookup } from 'node:dns/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import {
  addressInUrl,
  checkWebhookUrl,
  type DeliveryFailure,
  deliveryFailure,
  judgeWebhookAddresses,
  type WebhookRules,
} from '@callbay/core';
import { signWebhook } from './sign-webhook.ts';

interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; rejects where there are none. */
export type ResolveHost = (host: string) => Promise<readonly Address[]>;

export interface SendWebhookOptions {
  readonly rules: WebhookRules;
  /** The system's resolver unless given. */
  readonly resolveHost?: ResolveHost;
  /** For everything, the name's resolution included; 10 s unless given. */
  readonly timeoutMs?: number;
}

export interface WebhookMessage {
  readonly url: string;
  readonly secret: string;
  readonly deliveryId: string;
  readonly body: string;
}

/** A body of JSON with the headers that prove its sender, made as it goes out. */
export interface SignedPost {
  readonly url: string;
  readonly body: string;
  readonly sign: (nowMs: number) => Readonly<Record<string, string>>;
}

/** `status`: of the answer, null without one. `failure`: null where it was 2xx. */
export interface PostAnswer {
  readonly status: number | null;
  readonly failure: DeliveryFailure | null;
}

const TIMEOUT_MS = 10_000;

const resolveBySystem: ResolveHost = (host) => lookup(host, { all: true, verbatim: true });

/** Posts a digest signed as `signWebhook` does: null where the receiver answered 2xx, else why not. */
export async function sendWebhook(
  { url, secret, deliveryId, body }: WebhookMessage,
  options: SendWebhookOptions,
): Promise<DeliveryFailure | null> {
  const sign = (nowMs: number) => ({
    'x-callbay-delivery': deliveryId,
    'x-callbay-signature': signWebhook(secret, body, nowMs),
  });
  return (await postSigned({ url, body, sign }, options)).failure;
}

/**
 * Posts a body. The name is resolved once, every address it has is judged, and the connection goes to one of those, so that
 * a name cannot change in between. No redirect is followed and no answer is read beyond its status.
 */
export async function postSigned(
  message: SignedPost,
  { rules, resolveHost = resolveBySystem, timeoutMs = TIMEOUT_MS }: SendWebhookOptions,
): Promise<PostAnswer> {
  const unsent = (failure: DeliveryFailure): PostAnswer => ({ status: null, failure });
  const issue = checkWebhookUrl(message.url, rules);
  if (issue !== null) {
    const isForbidden = issue.code === 'WEBHOOK_ADDRESS_FORBIDDEN';
    return unsent(deliveryFailure(isForbidden ? 'WEBHOOK_ADDRESS_FORBIDDEN' : 'WEBHOOK_URL_INVALID'));
  }
  const url = new URL(message.url);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const addresses = await within(signal, resolve(url, resolveHost));
    const refusal = judge(url, addresses, rules);
    if (refusal !== null) return unsent(refusal);
    const status = await post(url, addresses, message, signal);
    return { status, failure: ofStatus(status) };
  } catch (error) {
    if (signal.aborted) return unsent(deliveryFailure('WEBHOOK_TIMEOUT'));
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return unsent(deliveryFailure('WEBHOOK_UNREACHABLE', `The system says ${code}.`));
  }
}

async function resolve(url: URL, resolveHost: ResolveHost): Promise<readonly Address[]> {
  const literal = addressInUrl(url);
  if (literal !== null) return [{ address: literal, family: literal.includes(':') ? 6 : 4 }];
  return resolveHost(url.hostname);
}

function judge(url: URL, addresses: readonly Address[], rules: WebhookRules): DeliveryFailure | null {
  if (addresses.length === 0) return deliveryFailure('WEBHOOK_UNREACHABLE', 'The name has no address.');
  const given = addresses.map(({ address }) => address);
  const issue = judgeWebhookAddresses(url, given, rules);
  return issue === null ? null : deliveryFailure('WEBHOOK_ADDRESS_FORBIDDEN', issue.message);
}

/** Settles with the promise, or rejects when the signal comes first: a resolver cannot be stopped. */
function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return Promise.race([promise, aborted]);
}

function post(
  url: URL,
  addresses: readonly Address[],
  { body, sign }: SignedPost,
  signal: AbortSignal,
): Promise<number> {
  const lookup: LookupFunction = (_host, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        // Of its own and closed after it: no socket of an earlier resolution is used again.
        agent: false,
        lookup,
        signal,
        maxHeaderSize: 16_384,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Callbay',
          ...sign(Date.now()),
        },
      },
      (response) => {
        response.on('error', () => {});
        response.destroy();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function ofStatus(status: number): DeliveryFailure | null {
  if (status >= 200 && status < 300) return null;
  const detail = `It answered ${status}.`;
  if (status >= 300 && status < 400) return deliveryFailure('WEBHOOK_REDIRECTED', detail);
  return deliveryFailure(status === 410 ? 'WEBHOOK_GONE' : 'WEBHOOK_REFUSED', detail);
}
