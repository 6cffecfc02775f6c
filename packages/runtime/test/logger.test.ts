import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '../src/index.ts';
import { toHumanLine } from '../src/logger.ts';

function capture() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, logger: createLogger({ role: 'intake', level: 'info', stream }) };
}

test('a line is JSON with time, role and message', () => {
  const { lines, logger } = capture();
  logger.info({ fileId: 'f1' }, 'received');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    role: 'intake',
    msg: 'received',
    fileId: 'f1',
  });
});

test('known secret fields are masked, also inside objects', () => {
  const { lines, logger } = capture();
  logger.info(
    { password: 'hunter2', user: { jwt: 'hunter2' }, req: { headers: { authorization: 'hunter2' } } },
    'x',
  );
  expect(lines.join()).not.toContain('hunter2');
});

test('a URL’s password is masked wherever it stands, also in an error’s message', () => {
  const { lines, logger } = capture();
  logger.error(
    { err: new Error('cannot connect to postgresql://bay:hunter2@db/callbay') },
    'redis://:hunter2@cache',
  );
  expect(lines.join()).not.toContain('hunter2');
  expect(lines.join()).toContain('@db/callbay');
});

test('lines below the level are not written', () => {
  const { lines, logger } = capture();
  logger.debug('quiet');
  expect(lines).toEqual([]);
});

test('on a terminal a line reads as text, with the error’s stack', () => {
  const { lines, logger } = capture();
  logger.warn({ err: new Error('boom'), file: 'a.wav' }, 'careful');
  const line = toHumanLine(lines[0] ?? '');
  expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}intake: careful file=a\.wav\nError: boom/);
});
