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

export interface WebhookChecks {
  readonly rules: WebhookRules;
  readonly resolveHost: ResolveHost;
}

const AT = 'settings.alerts.webhookUrl';

/**
 * Throws WEBHOOK_ADDRESS_FORBIDDEN, or an input error for what is not an https URL. A name is resolved here and again
 * with each delivery; one that cannot be resolved now is accepted.
 */
export async function assertWebhook(
  change: SettingsChange | undefined,
  { rules, resolveHost }: WebhookChecks,
): Promise<void> {
  const text = change?.alerts?.webhookUrl;
  if (text === undefined || text === null) return;
  const issue = checkWebhookUrl(text, rules) ?? (await judgeName(new URL(text), { rules, resolveHost }));
  if (issue === null) return;
  if (issue.code === 'WEBHOOK_ADDRESS_FORBIDDEN') {
    const { fix } = ERROR_TABLE.WEBHOOK_ADDRESS_FORBIDDEN;
    throw new CallbayError('WEBHOOK_ADDRESS_FORBIDDEN', `${AT}: ${issue.message} ${fix}`);
  }
  throw new InputError('body', [{ ...issue, at: AT }]);
}

const judgeName = async (url: URL, { rules, resolveHost }: WebhookChecks) =>
  addressInUrl(url) === null ? judgeWebhookAddresses(url, await resolveHost(url.hostname), rules) : null;
