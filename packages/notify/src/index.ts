/**
 * The ways out for alert digests, by e-mail and signed webhooks, and for events. It decides nothing about them, keeps nothing,
 * and never connects to a private address that the operator has not named. The pipeline calls it through a port.
 */
export { createDigestSender, type DigestSenderOptions } from './digest-sender.ts';
export { createEventSender, type EventSenderOptions } from './event-sender.ts';
export { type MailOptions, sendMail } from './send-mail.ts';
export { type ResolveHost, type SendWebhookOptions, sendWebhook } from './send-webhook.ts';
export { signEvent } from './sign-event.ts';
export { signWebhook } from './sign-webhook.ts';
