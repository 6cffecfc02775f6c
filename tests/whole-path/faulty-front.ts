import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a front does to one request; `pass` is the API's own answer. */
export type Fault = 'pass' | 'cut' | 'away' | 'busy';

export interface FaultyFront extends AsyncDisposable {
  readonly url: string;
  /** Paths with their queries, in the order in which they were asked. */
  readonly asked: readonly string[];
  /** What becomes of the next requests; those after them pass. */
  plan(faults: readonly Fault[]): void;
}

/** A front before an API, as networks are: it cuts answers off, is away, asks to come back. */
export async function startFaultyFront(target: string): Promise<FaultyFront> {
  const asked: string[] = [];
  let planned: Fault[] = [];
  const server = createServer(async (request, response) => {
    asked.push(request.url ?? '');
    const fault = planned.shift() ?? 'pass';
    if (fault === 'away') {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
      return;
    }
    if (fault === 'busy') {
      response.writeHead(503, { 'retry-after': '0' }).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization = '', 'content-type': type, 'content-range': range } = request.headers;
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: {
        authorization,
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(range === undefined ? {} : { 'content-range': range }),
      },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    if (fault === 'cut') response.write(body.subarray(0, body.length / 2), () => response.destroy());
    else response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    plan: (faults) => {
      planned = [...faults];
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
