import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { makeWav, openSftp, type RunningProduct, type SftpClient } from '@callbay/testkit';

export interface Sent {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

interface Connection {
  readonly client: SftpClient;
  /** Rejects when the connection is gone; a request that is sent after that is never answered by itself. */
  readonly lost: Promise<never>;
}

type User = Awaited<ReturnType<RunningProduct['makeTenant']>>;

const sent = (name: string, bytes: Buffer): Sent => ({
  name,
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Pairs of a recording of half a minute and its sidecar, every third with the sidecar first. */
export function makeLoad(pairs: number): Sent[] {
  return Array.from({ length: pairs }, (_, n) => {
    const stem = `20260302-100000_outbound_${n}`;
    const metadata = { datetime: '2026-03-02T10:00:00Z', email: `u${n}@x.y`, direction: 'outbound' };
    const pair = [
      sent(`${stem}.wav`, makeWav({ seconds: 30, seed: n })),
      sent(`${stem}.json`, Buffer.from(JSON.stringify(metadata))),
    ];
    return n % 3 === 0 ? pair.reverse() : pair;
  }).flat();
}

/** A client as customers write them: it sends each file until the server has acknowledged it. */
export class Sender {
  /** The ledger: the digest of every file whose CLOSE was answered, by name. */
  readonly acknowledged = new Map<string, string>();
  /** Files opened and not acknowledged yet. */
  inFlight = 0;
  readonly #product: RunningProduct;
  readonly #user: User;

  constructor(product: RunningProduct, user: User) {
    this.#product = product;
    this.#user = user;
  }

  /** Sends what is in the queue, and what is put there later, until `isFull` says that no more comes. */
  async run(queue: Sent[], isFull: () => boolean): Promise<void> {
    let connection: Connection | null = null;
    while (queue.length > 0 || !isFull()) {
      const file = queue.shift();
      if (!file) await pause(5);
      else connection = await this.#putUntilAcknowledged(connection, file);
    }
    connection?.client.kill();
  }

  async #putUntilAcknowledged(open: Connection | null, file: Sent): Promise<Connection> {
    let connection = open;
    for (;;) {
      try {
        connection ??= await this.#connect();
        await this.#put(connection, file);
        return connection;
      } catch {
        // Refused or broken, as every kill makes it: whatever it was, the file is sent again.
        connection?.client.kill();
        connection = null;
        await pause(50);
      }
    }
  }

  async #connect(): Promise<Connection> {
    const client = await openSftp(this.#product.sftpPort, this.#user);
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    client.sftp.once('close', () => lost.reject(new Error('the connection is lost')));
    return { client, lost: lost.promise };
  }

  async #put({ client, lost }: Connection, file: Sent): Promise<void> {
    this.inFlight += 1;
    try {
      await Promise.race([client.put(file.name, file.bytes), lost]);
      this.acknowledged.set(file.name, file.sha256);
    } finally {
      this.inFlight -= 1;
    }
  }
}
