import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request on its way to the server of buckets. */
export interface Passing {
  readonly method: string;
  readonly url: URL;
}

/** What happens to the first request that fits. */
export interface Trap {
  readonly fits: (passing: Passing) => boolean;
  /** Before the server has it, or after the server has done it and before anyone hears of it. */
  readonly when: 'before' | 'after';
  readonly spring: () => Promise<void>;
}

export interface S3Relay extends AsyncDisposable {
  readonly endpoint: string;
  /** Resolves once the trap has sprung. */
  set(trap: Trap): Promise<void>;
}

/** Passes requests on to a server of buckets, unchanged, so that their signatures hold. */
export async function relayS3(target: string): Promise<S3Relay> {
  const { hostname, port } = new URL(target);
  let armed: { readonly trap: Trap; readonly sprung: () => void } | null = null;

  async function springIf(passing: Passing, when: Trap['when']): Promise<boolean> {
    if (armed === null || armed.trap.when !== when || !armed.trap.fits(passing)) return false;
    const { trap, sprung } = armed;
    armed = null;
    await trap.spring();
    sprung();
    return true;
  }

  async function pass(incoming: IncomingMessage): Promise<{ answer: IncomingMessage; body: Buffer } | null> {
    const { method = '', url = '/', headers } = incoming;
    const passing = { method, url: new URL(url, target) };
    if (await springIf(passing, 'before')) return null;
    const outgoing = request({ hostname, port, method, path: url, headers });
    incoming.pipe(outgoing);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const body = await buffer(answer);
    if (await springIf(passing, 'after')) return null;
    return { answer, body };
  }

  const server = createServer((incoming, outgoing) => {
    // Whoever was killed breaks its connections off.
    incoming.on('error', () => outgoing.destroy());
    pass(incoming).then(
      (passed) => {
        if (passed === null) outgoing.destroy();
        else outgoing.writeHead(passed.answer.statusCode!, passed.answer.rawHeaders).end(passed.body);
      },
      () => outgoing.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (trap) => new Promise((sprung) => (armed = { trap, sprung })),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
