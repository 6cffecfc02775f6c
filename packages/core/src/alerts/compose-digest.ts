import type { AlertFinding, AlertKind } from './alert.ts';

/** An alert in a digest; times in RFC 3339. `TEST` is an alert about nothing, which somebody asked for. */
export interface ToldAlert extends Omit<AlertFinding, 'kind'> {
  readonly kind: AlertKind | 'TEST';
  readonly id: string;
  readonly openedAt: string;
  readonly resolvedAt: string | null;
}

/** What opened and what was resolved since the last digest. */
export interface Digest {
  readonly tenantId: string;
  readonly at: string;
  readonly opened: readonly ToldAlert[];
  readonly resolved: readonly ToldAlert[];
  /** Alerts that are open now, whether reported before or not. */
  readonly openCount: number;
}

/** More than this in one digest are only counted. */
export const MAX_TOLD = 50;

/** The alert that shows whether digests arrive. */
export const testAlert = (id: string, at: string): ToldAlert => ({
  id,
  kind: 'TEST',
  subject: '',
  message: 'This is a test. Somebody asked Callbay to send it.',
  fix: 'Nothing needs to be done.',
  count: 1,
  examples: [],
  openedAt: at,
  resolvedAt: null,
});

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** One line of an e-mail: what a customer named must not break it, nor hide in it. */
const oneLine = (text: string): string => text.replace(/\p{C}/gu, '\u{FFFD}');

function linesOf(alert: ToldAlert): string[] {
  const head = `* ${alert.kind}: ${oneLine(alert.message)}`;
  if (alert.resolvedAt !== null) return [head, `  from ${alert.openedAt} to ${alert.resolvedAt}`];
  return [
    head,
    `  since ${alert.openedAt}. ${alert.fix}`,
    ...alert.examples.map(
      ({ name, code, rows }) =>
        `  - ${oneLine(name)}${rows === undefined ? '' : `, ${plural(rows, 'row')}`}${code === null ? '' : ` (${code})`}`,
    ),
  ];
}

/** A digest as an e-mail in plain text. Never empty: a digest of nothing is not made. */
export function composeDigestMail(digest: Digest): { subject: string; text: string } {
  const { tenantId, opened, resolved, openCount } = digest;
  const subject = `Callbay, ${tenantId}: ${plural(opened.length, 'new alert')}, ${resolved.length} resolved`;
  const block = (title: string, alerts: readonly ToldAlert[]): string[] =>
    alerts.length === 0
      ? []
      : [
          title,
          '',
          ...alerts.slice(0, MAX_TOLD).flatMap((alert) => [...linesOf(alert), '']),
          ...(alerts.length > MAX_TOLD ? [`… and ${alerts.length - MAX_TOLD} more.`, ''] : []),
        ];
  const text = [
    ...block('New:', opened),
    ...block('Resolved:', resolved),
    `${plural(openCount, 'alert')} open at ${digest.at}.`,
  ].join('\n');
  return { subject, text: `${text}\n` };
}

/** A digest as a webhook's body: as many alerts as a mail lists, and their total. */
export const composeDigestBody = (digest: Digest, deliveryId: string) => ({
  type: 'alerts.digest',
  deliveryId,
  ...digest,
  opened: digest.opened.slice(0, MAX_TOLD),
  openedCount: digest.opened.length,
  resolved: digest.resolved.slice(0, MAX_TOLD),
  resolvedCount: digest.resolved.length,
});
