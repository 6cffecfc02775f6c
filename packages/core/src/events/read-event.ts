import { CallbayError } from '../errors.ts';
import type {
  AlertOpenedData,
  CallAnalyzedData,
  CallEventData,
  EventBody,
  EventDraft,
  FileRejectedData,
  TenantEvent,
} from './tenant-event.ts';

/** An event as it is stored. */
export interface StoredEvent {
  readonly eventId: string;
  readonly sequence: number;
  readonly tenantId: string;
  readonly type: string;
  readonly at: string;
  readonly callKey: string;
  readonly callId: number | null;
  readonly revision: number;
  readonly payload: unknown;
}

/** The version of the payloads that this release writes. Payloads of the first release have none. */
const VERSION = 1;

export type StoredPayload = { readonly v: typeof VERSION } & EventBody['data'];

export const payloadOf = ({ data }: EventDraft): StoredPayload => ({ v: VERSION, ...data });

/**
 * Reads a stored event of this release or an earlier one. Throws a retryable UNAVAILABLE for an event of a later
 * release: consumers wait for the upgrade of their own process and never skip an event.
 */
export function readEvent(stored: StoredEvent): TenantEvent {
  const { type, payload, ...envelope } = stored;
  return { ...envelope, ...bodyOf(type, payload as Payload) };
}

type Payload = { readonly v?: number } & Readonly<Record<string, unknown>>;

function bodyOf(type: string, { v, ...data }: Payload): EventBody {
  if (v !== undefined && v !== VERSION) throw laterRelease(`payload version ${v}`);
  switch (type) {
    case 'call.surfaced':
    case 'call.updated':
      return { type, data: v === undefined ? fromColumns(data) : (data as unknown as CallEventData) };
    case 'call.deleted':
      return { type, data: data as { callId: number } };
    case 'call.analyzed':
      return { type, data: data as unknown as CallAnalyzedData };
    case 'file.rejected':
      return { type, data: data as unknown as FileRejectedData };
    case 'alert.opened':
      return { type, data: data as unknown as AlertOpenedData };
    default:
      throw laterRelease(`type ${type}`);
  }
}

const laterRelease = (what: string): CallbayError =>
  new CallbayError('UNAVAILABLE', `An event has ${what}, which only a later release can read.`);

/** The first release stored the names of its columns. */
function fromColumns(columns: Readonly<Record<string, unknown>>): CallEventData {
  const known = columns as Partial<ColumnPayload>;
  return {
    changed: known.changed ?? {},
    startedAt: known.started_at ?? null,
    endedAt: known.ended_at ?? null,
    direction: known.direction ?? null,
    user: known.user_id ?? null,
    durationSeconds: known.duration_seconds ?? null,
    fields: known.fields ?? {},
    raw: known.raw ?? {},
    mappingVersion: known.mapping_version ?? 1,
    warnings: known.warnings ?? [],
  };
}

interface ColumnPayload extends Pick<CallEventData, 'changed' | 'direction' | 'fields' | 'raw' | 'warnings'> {
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly user_id: string | null;
  readonly duration_seconds: number | null;
  readonly mapping_version: number;
}
