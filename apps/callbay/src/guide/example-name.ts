import type { Tenant } from '@callbay/contracts';

export type NamedTenant = Pick<Tenant, 'timeZone' | 'settings'>;

/** The wall-clock time of an instant in a tenant's zone, as file names write it. */
function stampOf(timeZone: string | null, at: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timeZone ?? 'UTC',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}${part('month')}${part('day')}-${part('hour')}${part('minute')}${part('second')}`;
}

/** The word that this tenant's names have for an outbound call. */
export function directionWord({ settings }: NamedTenant): string {
  const words = Object.entries(settings.directions);
  return (words.find(([, direction]) => direction === 'outbound') ?? words[0])?.[0] ?? 'outbound';
}

/** The name of a call that started now, without its extension. */
export const exampleName = (tenant: NamedTenant, now: Date): string =>
  `${stampOf(tenant.timeZone, now)}_${directionWord(tenant)}_joe`;
