/** A call as `GET /v1/sa/call` gives it. What no field of the call says is null. Times are RFC 3339 in UTC. */
export interface ExportedCall {
  readonly contextId: string;
  /** Without gaps, in the order in which calls became visible. */
  readonly callId: number;
  readonly startTime: string;
  readonly endTime: string | null;
  /** Seconds. */
  readonly duration: number | null;
  readonly direction: string | null;
  readonly externalEndpoint: string | null;
  readonly internalEndpoint: string | null;
  readonly agent: {
    readonly id: string | null;
    readonly email: string | null;
    readonly name: string | null;
    readonly userId: string | null;
    readonly channel: string | null;
  };
  readonly queue: { readonly id: string | null; readonly name: string | null };
  readonly revision: number;
  readonly updatedAt: string;
  /** Grows with each change of any call of the tenant. */
  readonly changeSeq: number;
  /** The other columns of docs/exporting.md. */
  readonly [column: string]: unknown;
}

/** What is left of a call that was deleted. */
export interface DeletedCall {
  readonly callId: number;
  readonly changeSeq: number;
  readonly deleted: true;
}

export type ChangedCall = (ExportedCall & { readonly deleted?: undefined }) | DeletedCall;

/** One event, as webhooks, the Kafka feed and `…/events` give it; `data` by `type`, as docs/webhooks.md says. */
export interface CallEvent {
  readonly eventId: string;
  readonly sequence: number;
  readonly tenantId: string;
  readonly type:
    | 'call.surfaced'
    | 'call.updated'
    | 'call.analyzed'
    | 'call.deleted'
    | 'file.rejected'
    | 'alert.opened';
  readonly at: string;
  readonly callKey: string | null;
  readonly callId: number | null;
  readonly revision: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A file that arrived. What becomes of it: `GET …/files/{id}`. */
export interface ReceivedFile {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly receivedAt: string;
  readonly [field: string]: unknown;
}
