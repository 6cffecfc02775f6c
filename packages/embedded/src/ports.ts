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
 * A port that was free just now: the first of the `tries` from `preferred` on, else (or with 0) any the system gives.
 */
export async function findFreePort(preferred: number, host = '127.0.0.1', tries = 20): Promise<number> {
  for (let port = preferred; preferred > 0 && port < preferred + tries && port < 65_536; port += 1) {
    if (await isPortFree(port, host)) return port;
  }
  const any = await tryListen(0, host);
  if (any === null) throw new Error(`no free port on ${host}`);
  return any;
}
