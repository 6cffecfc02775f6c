import pg from 'pg';

/*
 * Constants of ours as SQL text, so that a statement stays one text however often it runs. Values from outside are
 * parameters, always.
 */

export const textSql = (text: string): string => pg.escapeLiteral(text);

/** The inside of `IN (…)`. */
export const listSql = (texts: readonly string[]): string => texts.map(textSql).join(', ');

/** An interval that is the same in every time zone, whatever a day is there. */
export const intervalSql = (ms: number): string => `interval '${ms} milliseconds'`;
