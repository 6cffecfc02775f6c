import type { SecretSealer } from '../access/host-keys.ts';

/** What a webhook's secret is sealed as: one moved to another row does not open. */
export const secretContext = (tenantId: string, webhookId: string): string =>
  `event-webhook:${tenantId}:${webhookId}`;

/** Empty for a secret that was sealed under another key: a rotation is the cure. */
export function unsealed(sealer: SecretSealer, context: string, sealed: string | null): string[] {
  if (sealed === null) return [];
  try {
    return [sealer.unseal(sealed, context)];
  } catch {
    return [];
  }
}
