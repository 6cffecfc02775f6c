import { DROP_RETENTION_MS } from '../calls/drop-retention.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The sentences of a file's explanation. A step that an outcome made has the sentence of the outcome instead. */
export const STEP_SENTENCES = {
  received: 'The whole file arrived.',
  registered: 'A recording that rests elsewhere was registered.',
  removed: 'The sender removed the file from the drop.',
  read: 'The file was read.',
  notRead: 'The file could not be read.',
  readAgain: 'The file is read again, by itself and with more memory.',
  crmInLine: 'The file holds CRM objects and waits in line to be imported.',
  matched: 'The shared fields match beyond doubt, so the two are one call.',
  matchAccepted: 'A person accepted the match, so the two are one call.',
  judgedAgain: 'The file is judged again.',
  judgedByNewestPolicy: 'The file is judged again by the newest policy.',
  rowsJudgedByNewestPolicy: 'Rows of the batch are judged again by the newest policy.',
  callReadAgain: 'The call is read again by the newest field mapping.',
  purgeSoon: 'The file will be purged within a day unless its other half comes.',
  purged: `The file left the drop after ${DROP_RETENTION_MS / DAY_MS} days.`,
} as const;
