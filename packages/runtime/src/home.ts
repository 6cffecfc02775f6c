import { makeFolder } from './durable-file.ts';

/**
 * What others may do with a home: nothing, but for passing through where root lends the embedded Postgres another user,
 * whose data are inside.
 */
export const homeMode = process.getuid?.() === 0 ? 0o711 : 0o700;

/** Makes CALLBAY_HOME where it is missing; the mode of one that is there is its owner's choice. */
export const makeHome = (home: string): Promise<boolean> => makeFolder(home, homeMode);
