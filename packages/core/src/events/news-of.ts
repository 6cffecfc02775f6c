import type { CallDecision } from '../calls/decision.ts';
import { type KnownCall, surfacesNow } from '../calls/known-call.ts';
import { callEvent, type EventDraft } from './tenant-event.ts';

/**
 * The events that a decision adds, oldest first. A call that was complete but hidden surfaces with one event, for its
 * latest revision: nobody has seen the earlier ones. A call that surfaces at once has an event for each revision.
 */
export function newsOf(decision: CallDecision, known: KnownCall): EventDraft[] {
  if (decision.status !== 'surfaced') return [];
  const isFirst = surfacesNow(decision, known);
  const first = isFirst ? (known.status === 'ready' ? decision.revisions.length : 1) : known.revision + 1;
  return decision.revisions
    .slice(first - 1)
    .map((revision) =>
      callEvent(
        decision.callKey,
        isFirst && revision.revision === first ? 'call.surfaced' : 'call.updated',
        revision,
      ),
    );
}
