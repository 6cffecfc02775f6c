import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** A port of this host's loopback, or a Unix socket, which hosts of one file system share. */
export type Place = { readonly port: number } | { readonly path: string };

const toOptions = (place: Place): NetConnectOpts =>
  'port' in place ? { host: '127.0.0.1', port: place.port } : { path: place.path };

/** Passes connections on from one place to another, in both directions, until it is closed. */
export async function relay(from: Place, to: Place): Promise<Server & { readonly cut: () => void }> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect(toOptions(to));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen('port' in from ? { host: '127.0.0.1', port: from.port } : { path: from.path }, resolve);
  await promise;
  return Object.assign(server, {
    cut: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  });
}
