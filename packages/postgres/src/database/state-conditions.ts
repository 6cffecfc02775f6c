import { COMPLETE_HOLDS, OPEN_STATES, SET_ASIDE_HOLDS } from '@callbay/core';
import { listSql } from './constants.ts';

/** `isOpen` of core for a row of `files` or `call_records`. `of` is its alias with a dot, or empty. */
export const isOpenSql = (of: string): string => `${of}state IN (${listSql(OPEN_STATES)})`;

/** `isCompleteHold` of core: never NULL. */
export const isCompleteHoldSql = (of: string): string =>
  `coalesce(${of}outcome_code, '') IN (${listSql(COMPLETE_HOLDS)})`;

/** `isIncomplete` of core. */
export const isIncompleteSql = (of: string): string => `${isOpenSql(of)} AND NOT ${isCompleteHoldSql(of)}`;

/**
 * Whether a record names the recording of a stem. In two halves: the index `call_records_naming_others` holds no record that
 * names the recording whose name it bears.
 */
export const namesSql = (record: string, stem: string): string =>
  `((${record}.stem = ${stem} AND ${record}.named_stem = ${record}.stem)
     OR (${record}.named_stem <> ${record}.stem AND ${record}.named_stem = ${stem}))`;

/** A file of ours to read again: held, with its bytes expected in the store. Written as the index of such files has it. */
export const isSetAsideSql = (of: string): string =>
  `${of}state = 'held' AND ${of}outcome_code IN (${listSql(SET_ASIDE_HOLDS)}) AND ${of}purged_at IS NULL`;
