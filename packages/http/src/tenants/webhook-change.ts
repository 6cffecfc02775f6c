import type { SettingsChange } from '@callbay/contracts';
import { CallbayError, checkWebhookUrl, ERROR_TABLE, type WebhookRules } from '@callbay/core';
import { InputError } from '../server/input-error.ts';

/**
 * Throws WEBHOOK_ADDRESS_FORBIDDEN, or an input error for what is no https URL. A name is resolved with each delivery.
 */
export function assertWebhook(change: SettingsChange | undefined, rules: WebhookRules): void {
  const url = change?.alerts?.webhookUrl;
  if (url === undefined || url === null) return;
  const issue = checkWebhookUrl(url, rules);
  if (issue === null) return;
  if (issue.code === 'WEBHOOK_ADDRESS_FORBIDDEN') {
    const { fix } = ERROR_TABLE.WEBHOOK_ADDRESS_FORBIDDEN;
    throw new CallbayError(
      'WEBHOOK_ADDRESS_FORBIDDEN',
      `settings.alerts.webhookUrl: ${issue.message} ${fix}`,
    );
  }
  throw new InputError('body', [{ ...issue, at: 'settings.alerts.webhookUrl' }]);
}
