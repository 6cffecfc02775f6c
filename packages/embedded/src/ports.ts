import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

function tryListen(port: number, host: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}

/** Whether a listener could be bound to `port` just now; another process may still be quicker. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await tryListen(port, host)) !== null;
}

/**
 * Below the range that outgoing connections take theirs from on Linux: a server that starts again wants its port
 * back, and must not find a client's connection sitting on it.
 */
const QUIET_RANGE = { from: 20_000, to: 32_767 };

function* candidates(preferred: number, tries: number): Generator<number> {
  for (let step = 0; step < tries; step += 1) {
    if (preferred === 0) yield randomInt(QUIET_RANGE.from, QUIET_RANGE.to + 1);
    else if (preferred + step < 65_536) yield preferred + step;
  }
}

/**
 * A port that was free just now: the first of the `tries` from `preferred` on, else (or with 0) any. Another process
 * may still be quicker.
 */
export async function findFreePort(preferred: number, host = '127.0.0.1', tries = 20): Promise<number> {
  for (const port of candidates(preferred, tries)) if (await isPortFree(port, host)) return port;
  const any = await tryListen(0, host);
  if (any === null) throw new Error(`no free port on ${host}`);
  return any;
}
