import type { WebhookRules } from '@callbay/core';
import type { WebhookSender } from '@callbay/ingestion';
import { postSigned, type ResolveHost } from './send-webhook.ts';
import { signEvent } from './sign-event.ts';

export interface EventSenderOptions {
  readonly rules: WebhookRules;
  readonly resolveHost?: ResolveHost;
  /** For each message; 15 s unless given. */
  readonly timeoutMs?: number;
}

/** What Standard Webhooks advises. */
const TIMEOUT_MS = 15_000;

/** Posts events, each signed with every secret that is in force. */
export const createEventSender = ({
  rules,
  resolveHost,
  timeoutMs = TIMEOUT_MS,
}: EventSenderOptions): WebhookSender => ({
  send: ({ url, secrets, eventId, body }) =>
    postSigned(
      { url, body, sign: (nowMs) => signEvent(secrets, { eventId, body, nowMs }) },
      { rules, timeoutMs, ...(resolveHost === undefined ? {} : { resolveHost }) },
    ),
});
