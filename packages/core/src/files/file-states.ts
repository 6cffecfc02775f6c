import type { FileState, OutcomeCode } from '../outcomes.ts';

/** A file or a row of a batch in one of these states may still become part of a call. */
export const OPEN_STATES = ['received', 'held'] as const satisfies readonly FileState[];

/** Holds of a complete call: nothing is missing, so that its files are neither purged as unpaired nor replayed. */
export const COMPLETE_HOLDS = ['READY', 'CRM_PENDING'] as const satisfies readonly OutcomeCode[];

/** Holds of a recording without metadata and of metadata without a recording. */
export const UNPAIRED_HOLDS = ['NO_METADATA', 'NO_RECORDING'] as const satisfies readonly OutcomeCode[];

const isIn = (values: readonly string[], value: string | null): boolean =>
  value !== null && values.includes(value);

export const isOpen = (state: FileState): boolean => isIn(OPEN_STATES, state);
export const isCompleteHold = (code: string | null): boolean => isIn(COMPLETE_HOLDS, code);
export const isUnpairedHold = (code: string | null): boolean => isIn(UNPAIRED_HOLDS, code);

/** Open and part of no complete call: the purge ends it as PURGED_UNPAIRED. */
export const isIncomplete = (state: FileState, code: string | null): boolean =>
  isOpen(state) && !isCompleteHold(code);

/** Where a file shows in the drop. */
export type DropFolder = 'data' | 'processed' | 'rejected';

/** A withdrawn file shows nowhere, and keeps the folder that its sender knew. */
export function folderOf(state: FileState): DropFolder {
  switch (state) {
    case 'done':
      return 'processed';
    case 'rejected':
      return 'rejected';
    case 'received':
    case 'held':
    case 'withdrawn':
      return 'data';
    default:
      return state satisfies never;
  }
}
