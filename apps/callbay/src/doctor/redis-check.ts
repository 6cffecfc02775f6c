import { askRedis } from '@callbay/queue';
import { explainRedis } from '@callbay/runtime';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Whether the queue's Redis answers and never throws jobs away to make room. */
export async function checkRedis(url: string): Promise<Finding> {
  try {
    // CONFIG is often forbidden on hosted servers, whereas INFO is not.
    const memory = await askRedis(url, (redis) => redis.info('memory'));
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null;
    if (policy === 'noeviction') return ok('redis', 'Redis answers and evicts nothing.');
    const fix = 'Set maxmemory-policy to noeviction: an evicted job is found again only by a sweep.';
    if (policy === null) return warn('redis', 'Redis answers but does not report its eviction policy.', fix);
    return fail('redis', `Redis evicts keys (${policy}) when memory is short.`, fix);
  } catch (error) {
    const cause = error as Error;
    const explained = explainRedis(url, cause);
    return fail(
      'redis',
      explained === null ? `Redis does not answer (${cause.message}).` : `${explained.message}.`,
      'Check REDIS_URL, or unset it: the queue then rests in Postgres.',
    );
  }
}
