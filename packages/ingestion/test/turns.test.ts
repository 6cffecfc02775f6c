import { expect, test } from 'vitest';
import { Turns } from '../src/index.ts';

const settled = () => new Promise(setImmediate);

/** Tasks that end when told to, and the order in which they started. */
function stage(turns: Turns) {
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const run = (key: string, name: string): Promise<string> =>
    turns.run(key, async () => {
      started.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      await promise;
      return name;
    });
  const endOldest = async (): Promise<void> => {
    await settled();
    ends.shift()?.();
    await settled();
  };
  return { started, run, endOldest };
}

test('keys take turns, and the tasks of one key keep their order', async () => {
  const { started, run, endOldest } = stage(new Turns({ total: 1, perKey: 1, waitingPerKey: 10 }));
  const all = [
    run('a', 'a1'),
    run('a', 'a2'),
    run('a', 'a3'),
    run('b', 'b1'),
    run('b', 'b2'),
    run('c', 'c1'),
  ];
  for (let n = 0; n < all.length; n += 1) await endOldest();
  expect(started).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1']);
});

test('a key never takes the places that are kept for others', async () => {
  const { started, run, endOldest } = stage(new Turns({ total: 2, perKey: 1, waitingPerKey: 10 }));
  const all = [run('a', 'a1'), run('a', 'a2'), run('b', 'b1')];
  await settled();
  expect(started).toEqual(['a1', 'b1']);
  for (let n = 0; n < all.length; n += 1) await endOldest();
  expect(started).toEqual(['a1', 'b1', 'a2']);
  await Promise.all(all);
});

test('a key whose line is full is refused, others are not, and a task that fails gives its place up', async () => {
  const turns = new Turns({ total: 1, perKey: 1, waitingPerKey: 1 });
  const { started, run, endOldest } = stage(turns);
  const failing = turns.run('a', async () => {
    await settled();
    throw new Error('broken');
  });
  const waiting = run('a', 'a2');
  await expect(run('a', 'a3')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  const other = run('b', 'b1');
  await expect(failing).rejects.toThrow('broken');
  await settled();
  expect(started).toEqual(['b1']);
  await endOldest();
  await endOldest();
  expect(await Promise.all([waiting, other])).toEqual(['a2', 'b1']);
});
