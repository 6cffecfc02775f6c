import { Redis } from 'ioredis';

const TIMEOUT_MS = 5_000;

/** Asks Redis once, and rejects with what the client or the server says, instead of trying again as the queue does. */
export async function askRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let lastError: Error | null = null;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    await redis.connect();
    return await ask(redis);
  } catch (error) {
    // The listener is told why, where `connect` only says that it is closed.
    throw lastError ?? error;
  } finally {
    redis.disconnect();
  }
}

export const pingRedis = async (url: string): Promise<void> =>
  void (await askRedis(url, (redis) => redis.ping()));
