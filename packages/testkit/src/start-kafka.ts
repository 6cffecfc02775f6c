import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '..', 'kafka', 'mock-cluster.c');
const MAX_OUTPUT = 512 * 1024 * 1024;

/** A message as kcat read it back. */
export interface ConsumedMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly payload: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A real cluster's protocol in a process of its own, with faults to order. */
export interface TestKafka extends AsyncDisposable {
  readonly brokers: readonly string[];
  /** See packages/testkit/kafka/mock-cluster.c. */
  order(line: string): Promise<void>;
  /** Everything in a topic, partition by partition. */
  consume(topic: string): Promise<ConsumedMessage[]>;
}

const has = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Why no Kafka can be started here; null where it can. */
export function whyNoKafka(): string | null {
  if (!has('cc', ['--version'])) return 'no C compiler (cc)';
  if (!has('kcat', ['-V'])) return 'no kcat';
  const header = '#include <librdkafka/rdkafka.h>\n#include <librdkafka/rdkafka_mock.h>\n';
  const found = spawnSync('cc', ['-E', '-x', 'c', '-'], {
    input: header,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return found.status === 0 ? null : 'no librdkafka-dev';
}

/** Builds and starts a cluster of so many brokers. */
export async function startKafka({ brokers: count = 3 } = {}): Promise<TestKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-kafka-'));
  const program = join(folder, 'mock-cluster');
  await run('cc', ['-O1', '-o', program, SOURCE, '-lrdkafka']);
  const child = spawn(program, [String(count)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  const read = async (): Promise<string> => {
    const { value, done } = await answers.next();
    if (done === true) throw new Error('the mock cluster ended');
    return value;
  };
  const brokers = (await read()).split(',');
  let last = Promise.resolve();
  return {
    brokers,
    order: (line) => {
      last = last.then(async () => {
        child.stdin.write(`${line}\n`);
        const answer = await read();
        if (answer !== 'done') throw new Error(`the mock cluster says \`${answer}\` to \`${line}\``);
      });
      return last;
    },
    consume: (topic) => consumeTopic(brokers, topic),
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      child.kill('SIGKILL');
      await exited;
      lines.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** By kcat, whose output has a header as a name and a value in turn. */
async function consumeTopic(brokers: readonly string[], topic: string): Promise<ConsumedMessage[]> {
  const args = ['-C', '-J', '-e', '-q', '-o', 'beginning', '-b', brokers.join(','), '-t', topic];
  const { stdout } = await run('kcat', args, { maxBuffer: MAX_OUTPUT });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { partition, offset, key, payload, headers = [] } = JSON.parse(line) as KcatMessage;
      const pairs = headers.flatMap((name, n) => (n % 2 === 0 ? [[name, headers[n + 1] ?? '']] : []));
      return {
        partition,
        offset,
        key,
        payload,
        headers: Object.fromEntries(pairs) as Record<string, string>,
      };
    });
}

interface KcatMessage extends Omit<ConsumedMessage, 'headers'> {
  readonly headers?: readonly string[];
}
