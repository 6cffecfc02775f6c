import { type EventDraft, payloadOf } from '@callbay/core';
import type { JsonTexts } from '../database/json-texts.ts';

/** An event as JSON for a statement that writes it to the outbox. */
export const storedEventOf = (event: EventDraft) => ({
  call_key: event.callKey,
  revision: event.revision,
  type: event.type,
  payload: payloadOf(event),
});

/** The payload of an event as JSON text. Of its parts, those that are written to other columns too are made once. */
export function payloadText(event: EventDraft, texts: JsonTexts): string {
  const members = Object.entries(payloadOf(event)).filter(([, value]) => value !== undefined);
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${texts.of(value)}`).join(',')}}`;
}
