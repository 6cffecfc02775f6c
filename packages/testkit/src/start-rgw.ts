import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  endGatewayIn,
  GATEWAY_OWNER,
  type GatewayUser,
  killGateway,
  makeGatewayUser,
  readGatewayEndpoint,
  resumeGateway,
  startGatewayIn,
} from '@callbay/embedded';
import { inject } from 'vitest';
import { until } from './until.ts';

export type RgwUser = GatewayUser;
export {
  endGatewayIn as stopRgwIn,
  INSTALL_GATEWAY as INSTALL_RGW,
  isGatewayInstalled as isRgwInstalled,
} from '@callbay/embedded';

/** A real S3 server: Ceph's object gateway on one node. It enforces signatures and policies; it has no STS, IAM and SQS. */
export interface TestRgw extends AsyncDisposable {
  readonly endpoint: string;
  /** Whose buckets they are. */
  readonly own: RgwUser;
  /** A user of its own, whose name begins with this. */
  makeUser(name: string): Promise<RgwUser>;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's own server rests, once a test has started it. */
    callbayRgw: { folder: string };
  }
}

/**
 * The server of the run, which the first test that asks starts on free ports in 17 s, or the one whose folder `CALLBAY_TEST_RGW`
 * names, which then stays. Only root may start it. Tests share it: each makes buckets of its own.
 */
export async function startRgw(): Promise<TestRgw> {
  const given = process.env.CALLBAY_TEST_RGW;
  if (given !== undefined) return connectTo(given, async () => {});
  const { folder } = inject('callbayRgw');
  await until(
    'another test file has started the object gateway',
    async () => {
      if (await readFile(join(folder, READY), 'utf8').catch(() => null)) return true;
      if (!(await takeTurn(folder))) return false;
      await startGatewayIn(folder);
      await writeFile(join(folder, READY), 'ready');
      return true;
    },
    STARTED_WITHIN_MS,
  );
  return connectTo(folder, async () => {});
}

/** One for a test that stops it; it takes 17 s. */
export async function startOwnRgw(): Promise<
  TestRgw & { stopGateway(): Promise<void>; startGateway(): Promise<void> }
> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-rgw-'));
  try {
    await startGatewayIn(folder);
  } catch (error) {
    await endGatewayIn(folder);
    throw error;
  }
  return {
    ...(await connectTo(folder, () => endGatewayIn(folder))),
    stopGateway: () => killGateway(folder),
    startGateway: () => resumeGateway(folder),
  };
}

const READY = 'ready';
const STARTED_WITHIN_MS = 120_000;

/** Whether this process is the one that starts it. */
async function takeTurn(folder: string): Promise<boolean> {
  const made = await mkdir(join(folder, 'starting')).catch((error: NodeJS.ErrnoException) => error);
  if (made === undefined) return true;
  if (made.code === 'EEXIST') return false;
  throw made;
}

async function connectTo(folder: string, stop: () => Promise<void>): Promise<TestRgw> {
  return {
    endpoint: await readGatewayEndpoint(folder),
    own: GATEWAY_OWNER,
    makeUser: (name) => {
      const unique = `${name}${randomBytes(4).toString('hex')}`;
      const keys = { accessKeyId: `${unique}key`, secretAccessKey: `${unique}secret` };
      return makeGatewayUser(folder, { name: unique, ...keys });
    },
    [Symbol.asyncDispose]: stop,
  };
}
