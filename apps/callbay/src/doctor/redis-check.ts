import { Redis } from 'ioredis';
import { type Finding, fail, ok, warn } from './finding.ts';

const TIMEOUT_MS = 5_000;

async function readPolicy(redis: Redis): Promise<string | null> {
  // CONFIG is often forbidden on hosted servers, whereas INFO is not.
  const memory = await redis.info('memory');
  return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null;
}

/** Whether the queue's Redis answers and never throws jobs away to make room. */
export async function checkRedis(url: string): Promise<Finding> {
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
    const policy = await readPolicy(redis);
    if (policy === 'noeviction') return ok('redis', 'Redis answers and evicts nothing.');
    const fix = 'Set maxmemory-policy to noeviction: an evicted job is found again only by a sweep.';
    if (policy === null) return warn('redis', 'Redis answers but does not tell its eviction policy.', fix);
    return fail('redis', `Redis evicts keys (${policy}) when memory is short.`, fix);
  } catch (error) {
    const why = (lastError ?? (error as Error)).message;
    return fail(
      'redis',
      `Redis does not answer (${why}).`,
      'Check REDIS_URL, or unset it: the queue then rests in Postgres.',
    );
  } finally {
    redis.disconnect();
  }
}
