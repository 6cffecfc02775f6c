import { COMPLETE_HOLDS, OPEN_STATES, SET_ASIDE_HOLDS } from '@callbay/core';
import { listSql } from './constants.ts';

/** `isOpen` of core for a row of `files` or `call_records`. `of` is its alias with a dot, or empty. */
export const isOpenSql = (of: string): string => `${of}state IN (${listSql(OPEN_STATES)})`;

/** `isCompleteHold` of core: never NULL. */
export const isCompleteHoldSql = (of: string): string =>
  `coalesce(${of}outcome_code, '') IN (${listSql(COMPLETE_HOLDS)})`;

/** `isIncomplete` of core. */
export const isIncompleteSql = (of: string): string => `${isOpenSql(of)} AND NOT ${isCompleteHoldSql(of)}`;

/** A file of ours to read again: held, with its bytes expected in the store. Written as the index of such files has it. */
export const isSetAsideSql = (of: string): string =>
  `${of}state = 'held' AND ${of}outcome_code IN (${listSql(SET_ASIDE_HOLDS)}) AND ${of}purged_at IS NULL`;
