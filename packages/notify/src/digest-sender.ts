import { composeDigestBody, composeDigestMail, deliveryFailure, type WebhookRules } from '@callbay/core';
import type { DigestSender } from '@callbay/ingestion';
import { type MailOptions, sendMail } from './send-mail.ts';
import { type ResolveHost, sendWebhook } from './send-webhook.ts';

export interface DigestSenderOptions {
  /** Null: mail is not configured, and each delivery says so. */
  readonly mail: MailOptions | null;
  readonly rules: WebhookRules;
  readonly resolveHost?: ResolveHost;
}

/** Sends digests by SMTP and by webhook. */
export function createDigestSender({ mail, rules, resolveHost }: DigestSenderOptions): DigestSender {
  return {
    async sendMail(address, digest, deliveryId) {
      if (mail === null) return deliveryFailure('MAIL_NOT_CONFIGURED');
      const messageId = `<${deliveryId}@callbay>`;
      return sendMail({ to: address, messageId, ...composeDigestMail(digest) }, mail);
    },

    sendWebhook: ({ url, secret }, digest, deliveryId) =>
      sendWebhook(
        { url, secret, deliveryId, body: JSON.stringify(composeDigestBody(digest, deliveryId)) },
        { rules, ...(resolveHost === undefined ? {} : { resolveHost }) },
      ),
  };
}
