import { type EventDraft, payloadOf } from '@callbay/core';

/** An event as JSON for a statement that writes it to the outbox. */
export const storedEventOf = (event: EventDraft) => ({
  call_key: event.callKey,
  revision: event.revision,
  type: event.type,
  payload: payloadOf(event),
});
