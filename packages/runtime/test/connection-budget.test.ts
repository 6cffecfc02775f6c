import { expect, test } from 'vitest';
import { connectionBudget, ROLE_CONNECTIONS } from '../src/index.ts';

test('a queue on Redis and fewer intake processes take fewer connections', () => {
  const plain = connectionBudget({ redisUrl: null, intakeProcesses: 1 });
  expect(connectionBudget({ redisUrl: 'redis://h', intakeProcesses: 1 })).toBeLessThan(plain);
  expect(connectionBudget({ redisUrl: null, intakeProcesses: 2 })).toBeGreaterThan(plain);
});

test('one machine with one intake process stays within the embedded server’s limit', () => {
  expect(connectionBudget({ redisUrl: null, intakeProcesses: 1 })).toBeLessThanOrEqual(110);
});

test('CRM imports that take their time leave connections to batches', () => {
  expect(ROLE_CONNECTIONS.pipeline.imports).toBeLessThan(ROLE_CONNECTIONS.pipeline.bulk);
});
