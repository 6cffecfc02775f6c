import { expect, test } from 'vitest';
import { connectionBudget, ROLE_CONNECTIONS, ROLES } from '../src/index.ts';

test('a queue on Redis and fewer intake processes take fewer connections', () => {
  const plain = connectionBudget({ redisUrl: null, intakeProcesses: 1, roles: ROLES });
  expect(connectionBudget({ redisUrl: 'redis://h', intakeProcesses: 1, roles: ROLES })).toBeLessThan(plain);
  expect(connectionBudget({ redisUrl: null, intakeProcesses: 2, roles: ROLES })).toBeGreaterThan(plain);
});

test('one machine with one intake process stays within the embedded server’s limit', () => {
  expect(connectionBudget({ redisUrl: null, intakeProcesses: 1, roles: ROLES })).toBeLessThanOrEqual(110);
});

test('CRM imports that take their time leave connections to batches', () => {
  expect(ROLE_CONNECTIONS.pipeline.imports).toBeLessThan(ROLE_CONNECTIONS.pipeline.bulk);
});

test('two nodes take what both take, whichever of them is asked', () => {
  const node = (roles: readonly ('intake' | 'pipeline' | 'api')[]) => ({
    redisUrl: null,
    intakeProcesses: 1,
    roles,
  });
  const whole = connectionBudget(node(ROLES));
  expect(connectionBudget(node(['intake', 'api']), { pipeline: 1 })).toBe(whole);
  expect(connectionBudget(node(['pipeline']), { intake: 1, api: 1 })).toBe(whole);
  expect(connectionBudget(node(ROLES), { intake: 1, pipeline: 1, api: 1 })).toBeGreaterThan(whole + 60);
});
