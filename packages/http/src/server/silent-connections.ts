import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Of a TLS socket and of the one that it rests on, which are two objects, the same. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/**
 * Connections that have asked nothing yet, as browsers, balancers and HTTP clients open ahead of need. Node counts them
 * neither as idle nor as late, so that closing a server waits for them until their client goes. Answers what ends them,
 * those that come later included.
 */
export function watchSilentConnections(server: Server): () => void {
  const silent = new Map<string, Socket>();
  let isClosing = false;
  server.on('connection', (socket) => {
    if (isClosing) socket.destroy();
    const peer = peerOf(socket);
    silent.set(peer, socket);
    socket.once('close', () => {
      if (silent.get(peer) === socket) silent.delete(peer);
    });
  });
  server.on('request', ({ socket }, answer) => {
    silent.delete(peerOf(socket));
    // Closing ends what is idle at its beginning; one that gets its last answer meanwhile would stay for its next request.
    answer.once('close', () => {
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
  });
  return () => {
    isClosing = true;
    for (const socket of silent.values()) socket.destroy();
  };
}
