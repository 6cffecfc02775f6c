import { expect, test } from 'vitest';
import { createReplyBudget } from '../src/sftp/reply-budget.ts';
import { ReplyPacer } from '../src/sftp/reply-pacer.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection whose client takes what it is given only when the test says so. */
function openConnection(budget = createReplyBudget(1_000), limitBytes = 100) {
  const state = { backlog: 0, isSlow: false };
  const pacer = new ReplyPacer({ limitBytes, budget, backlogBytes: () => state.backlog });
  const replied: string[] = [];
  const session = {};
  const ask = (name: string, bytes = 40) =>
    pacer.run({ owner: session, bytes, isSlow: () => state.isSlow }, async () => {
      replied.push(name);
      state.backlog += bytes;
    });
  const take = (bytes: number) => {
    state.backlog -= bytes;
    pacer.pump();
  };
  return { pacer, budget, state, replied, session, ask, take };
}

test('replies start in order while the client takes them, and wait while it does not', async () => {
  const { replied, ask, take } = openConnection();
  const all = ['a', 'b', 'c', 'd'].map((name) => ask(name));
  await turn();
  expect(replied).toEqual(['a', 'b']);
  take(40);
  await turn();
  expect(replied).toEqual(['a', 'b', 'c']);
  take(80);
  await Promise.all(all);
});

test('a connection with nothing on its way may always have one reply, however full the process is', async () => {
  const budget = createReplyBudget(100);
  const [first, second] = [openConnection(budget), openConnection(budget)];
  await Promise.all(['a', 'b'].map((name) => first.ask(name)));
  const waiting = ['x', 'y'].map((name) => second.ask(name));
  await turn();
  expect(second.replied).toEqual(['x']);
  expect(budget.usedBytes()).toBe(120);
  first.take(80);
  second.pacer.pump();
  await Promise.all(waiting);
  expect(second.replied).toEqual(['x', 'y']);
});

test('a session whose window is shut keeps no other session of its connection waiting', async () => {
  const { pacer, replied, state, ask } = openConnection();
  state.isSlow = true;
  const slow = ask('slow');
  await pacer.run({ owner: {}, bytes: 40, isSlow: () => false }, async () => void replied.push('other'));
  expect(replied).toEqual(['other']);
  state.isSlow = false;
  pacer.pump();
  await slow;
});

test('what waits for a session that is gone is dropped, and the bytes of a connection that is gone are given back', async () => {
  const { pacer, budget, session, replied, ask } = openConnection();
  const ends = ['a', 'b', 'c'].map((name) =>
    ask(name).then(
      () => 'replied',
      () => 'dropped',
    ),
  );
  await turn();
  pacer.stop(session);
  expect(await Promise.all(ends)).toEqual(['replied', 'replied', 'dropped']);
  expect(budget.usedBytes()).toBe(80);
  pacer.close();
  expect(budget.usedBytes()).toBe(0);
  expect(replied).toEqual(['a', 'b']);
});
