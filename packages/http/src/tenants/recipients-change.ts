import type { SettingsChange } from '@callbay/contracts';
import {
  addressInUrl,
  CallbayError,
  checkWebhookUrl,
  ERROR_TABLE,
  judgeWebhookAddresses,
  type WebhookRules,
} from '@callbay/core';
import { InputError } from '../server/input-error.ts';
import type { ResolveHost } from './resolve-host.ts';

export interface RecipientChecks {
  readonly rules: WebhookRules;
  readonly resolveHost: ResolveHost;
  /** Whether this installation sends e-mail. */
  readonly sendsMail: boolean;
}

const AT = 'settings.alerts.webhookUrl';

/**
 * Throws UNPROCESSABLE for e-mail addresses that nothing could be sent to, WEBHOOK_ADDRESS_FORBIDDEN, or an input error for
 * what is not an https URL. A name is resolved here and again with each delivery; one that cannot be resolved now is
 * accepted.
 */
export async function assertRecipients(
  change: SettingsChange | undefined,
  { rules, resolveHost, sendsMail }: RecipientChecks,
): Promise<void> {
  if (!sendsMail && (change?.alerts?.emails ?? []).length > 0) {
    const detail =
      'settings.alerts.emails: this installation sends no e-mail. An operator must set CALLBAY_SMTP_URL first; webhooks work without it.';
    throw new CallbayError('UNPROCESSABLE', detail);
  }
  const text = change?.alerts?.webhookUrl;
  if (text === undefined || text === null) return;
  await assertWebhookUrl(text, AT, { rules, resolveHost });
}

/** The same for one URL that stands at `at` of a body. */
export async function assertWebhookUrl(
  text: string,
  at: string,
  { rules, resolveHost }: Omit<RecipientChecks, 'sendsMail'>,
): Promise<void> {
  const issue = checkWebhookUrl(text, rules) ?? (await judgeName(new URL(text), { rules, resolveHost }));
  if (issue === null) return;
  if (issue.code === 'WEBHOOK_ADDRESS_FORBIDDEN') {
    const { fix } = ERROR_TABLE.WEBHOOK_ADDRESS_FORBIDDEN;
    throw new CallbayError('WEBHOOK_ADDRESS_FORBIDDEN', `${at}: ${issue.message} ${fix}`);
  }
  throw new InputError('body', [{ ...issue, at }]);
}

const judgeName = async (url: URL, { rules, resolveHost }: Omit<RecipientChecks, 'sendsMail'>) =>
  addressInUrl(url) === null ? judgeWebhookAddresses(url, await resolveHost(url.hostname), rules) : null;
