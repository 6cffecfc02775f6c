/**
 * The ways out for alert digests: e-mail over SMTP and signed webhooks. It decides nothing about alerts, keeps nothing,
 * and never connects to a private address that the operator has not named. The pipeline calls it through a port.
 */
export { createDigestSender, type DigestSenderOptions } from './digest-sender.ts';
export { type MailOptions, sendMail } from './send-mail.ts';
export { type ResolveHost, type SendWebhookOptions, sendWebhook } from './send-webhook.ts';
export { signWebhook } from './sign-webhook.ts';
