/** Source: C24, the 48 h in which metadata may change a call. */
export const AMEND_WINDOW_MS = 48 * 60 * 60 * 1000;

export interface AmendWindow {
  /** The last millisecond at which an update is accepted. */
  readonly acceptedUntilMs: number;
  readonly isLate: boolean;
}

/**
 * Whether an update of a call came too late. The window runs from the call time as first accepted, so that an
 * update cannot move it; a call time in the future, or none, anchors it at the first accepted receipt. Exactly
 * 48 h is in time. First metadata is never late: do not ask this about it. Source: C24.
 */
export function judgeAmendWindow(input: {
  readonly callStartedAtMs: number | null;
  readonly firstAcceptedReceivedAtMs: number;
  readonly receivedAtMs: number;
}): AmendWindow {
  const anchorMs = Math.min(
    input.callStartedAtMs ?? Number.POSITIVE_INFINITY,
    input.firstAcceptedReceivedAtMs,
  );
  const acceptedUntilMs = anchorMs + AMEND_WINDOW_MS;
  return { acceptedUntilMs, isLate: input.receivedAtMs > acceptedUntilMs };
}
