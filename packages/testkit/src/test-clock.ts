import type { Database } from '@callbay/postgres';

/** The clock of one test database: all that calls `callbay_now()` there goes by it. Host clocks do not. */
export interface TestClock {
  /** Stops the clock at an instant, given as RFC 3339 or a Date. */
  set(instant: string | Date): Promise<void>;
  /** Moves the stopped clock; a running one is stopped that far from now. */
  advance(ms: number): Promise<void>;
  now(): Promise<Date>;
  /** Lets the clock run with the server's again. */
  release(): Promise<void>;
}

const INSTALL = `
CREATE SCHEMA IF NOT EXISTS testkit;
CREATE TABLE IF NOT EXISTS testkit.clock (at timestamptz(3));
CREATE OR REPLACE FUNCTION callbay_now() RETURNS timestamptz(3) LANGUAGE sql VOLATILE
AS 'SELECT coalesce((SELECT at FROM testkit.clock), clock_timestamp())::timestamptz(3)';
INSERT INTO testkit.clock SELECT NULL WHERE NOT EXISTS (SELECT FROM testkit.clock)`;

/** Puts a clock that tests can set in place of the database's own. It runs until it is first set. */
export async function testClock(db: Database): Promise<TestClock> {
  await db.execute(INSTALL);
  return {
    set: async (instant) => {
      await db.execute('UPDATE testkit.clock SET at = $1', [new Date(instant)]);
    },
    advance: async (ms) => {
      await db.execute(`UPDATE testkit.clock SET at = callbay_now() + $1 * interval '1 millisecond'`, [ms]);
    },
    now: async () => {
      const [row] = await db.query<{ at: Date }>('SELECT callbay_now() AS at');
      if (row === undefined) throw new Error('the database told no time');
      return row.at;
    },
    release: async () => {
      await db.execute('UPDATE testkit.clock SET at = NULL');
    },
  };
}
