import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { objectFileId } from '@callbay/ingestion';
import { makeWav } from '@callbay/testkit';

/** What must become of an object. */
export type Fate = 'surfaced' | 'held' | 'rejected';

export interface ObjectSent {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly fate: Fate;
}

const sent = (name: string, bytes: Buffer, fate: Fate): ObjectSent => ({
  name,
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  fate,
});

/**
 * Pairs of a recording and its sidecar, every third with the sidecar first. Of ten pairs one has metadata that cannot be read, so
 * that its recording waits.
 */
export function makeObjects(pairs: number): ObjectSent[] {
  return Array.from({ length: pairs }, (_, n) => {
    const stem = `20260302-100000_outbound_${n}`;
    const metadata = { datetime: '2026-03-02T10:00:00Z', email: `u${n}@x.y`, direction: 'outbound' };
    const isBad = n % 10 === 9;
    const pair = [
      sent(`${stem}.wav`, makeWav({ seconds: 5, seed: n }), isBad ? 'held' : 'surfaced'),
      sent(
        `${stem}.json`,
        Buffer.from(isBad ? `{"n":${n}` : JSON.stringify(metadata)),
        isBad ? 'rejected' : 'surfaced',
      ),
    ];
    return n % 3 === 0 ? pair.reverse() : pair;
  }).flat();
}

/** A customer's program: it puts each object again until the server has answered. */
export class ObjectSender {
  /** The ledger: ids of files whose objects were acknowledged, by name. */
  readonly acknowledged = new Map<string, string>();
  inFlight = 0;
  /** Puts whose answer was lost: their objects may be there all the same. */
  lost = 0;
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    [this.#s3, this.#bucket] = [s3, bucket];
  }

  /** Sends what is in the queue, and what is put there later, until `isFull` says that no more comes. */
  async run(queue: ObjectSent[], isFull: () => boolean): Promise<void> {
    while (queue.length > 0 || !isFull()) {
      const object = queue.shift();
      if (object === undefined) await pause(5);
      else await this.#putUntilAcknowledged(object);
    }
  }

  async #putUntilAcknowledged({ name, bytes }: ObjectSent): Promise<void> {
    const place = { Bucket: this.#bucket, Key: `data/${name}` };
    for (;;) {
      this.inFlight += 1;
      try {
        const { VersionId = '' } = await this.#s3.send(new PutObjectCommand({ ...place, Body: bytes }));
        this.acknowledged.set(
          name,
          objectFileId({ bucket: place.Bucket, key: place.Key, versionId: VersionId }),
        );
        return;
      } catch {
        // Refused or broken, as every kill of the server makes it: the object is put again.
        this.lost += 1;
        await pause(50);
      } finally {
        this.inFlight -= 1;
      }
    }
  }
}
