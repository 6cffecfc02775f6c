import { CallbayError } from '@callbay/core';
import type { PrismaClient } from '../generated/client.ts';
import type { Database } from './database.ts';
import { translatePgError } from './pg-errors.ts';

/** Reads through Prisma. Throws a retryable UNAVAILABLE when the database is unavailable, like every other statement. */
export async function readPrisma<T>(db: Database, read: (prisma: PrismaClient) => Promise<T>): Promise<T> {
  try {
    return await read(db.prisma);
  } catch (error) {
    throw translatePrismaError(error);
  }
}

/** Prisma wraps what pg threw, or says only by code that the server could not be reached. */
const AWAY_CODES: ReadonlySet<unknown> = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2034',
  'P2037',
]);

function translatePrismaError(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const translated = translatePgError(cause);
    if (translated instanceof CallbayError) return translated;
  }
  if (error instanceof Error && AWAY_CODES.has((error as { code?: unknown }).code)) {
    return new CallbayError('UNAVAILABLE', 'The database is unavailable or busy.', { cause: error });
  }
  return error;
}
