import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { CallbayError } from '@callbay/core';
import type { KeptEvent, ListingMarker, S3Drop } from '@callbay/ingestion';
import type { SourceServer } from '../folder/folder-server.ts';
import { KeyTurns } from './key-turns.ts';
import { type ListDeps, listBucket } from './list-bucket.ts';
import { type SqsLoop, startSqsLoop } from './sqs-loop.ts';
import { removeOldReceipts, type TendDeps, tendDrop } from './tend-drop.ts';
import { workOffMessage } from './work-off-events.ts';

export interface S3ServerDeps extends Omit<ListDeps, 'turns' | 'writer'>, TendDeps {
  /** Null where no queue is read. */
  readonly sqs: SQSClient | null;
  /** Why a bucket does not work as it was set up; null where it does. */
  readonly checkBucket: (drop: S3Drop) => Promise<string | null>;
  /** Called for messages that say nothing of a file. */
  readonly ignored?: (kind: 'test' | 'junk' | 'foreign') => void;
}

export interface S3ServerOptions {
  readonly listMs: number;
  readonly spool: string;
  /** How often moves, receipts and pushed events are looked for. */
  readonly tendMs?: number;
  readonly eventMs?: number;
}

const LISTINGS_AT_ONCE = 4;
const EVENTS_AT_ONCE = 32;
const EVENT_LEASE_MS = 60_000;
const EVENT_ATTEMPTS = 8;
const BUSY_DROPS = 1_000;
const TIDY_EVERY_MS = 3_600_000;
const SPOOL_KEPT_MS = 86_400_000;

/** Does something again and again until it is closed: at once where more is left, else after a while. */
class Repeating {
  readonly #work: () => Promise<boolean>;
  readonly #everyMs: number;
  readonly #failed: (err: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(everyMs: number, work: () => Promise<boolean>, failed: (err: unknown) => void) {
    [this.#work, this.#everyMs, this.#failed] = [work, everyMs, failed];
    this.#wakeIn(0);
  }

  #wakeIn(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#turn();
    }, ms);
  }

  async #turn(): Promise<void> {
    let isMore = false;
    try {
      isMore = await this.#work();
    } catch (err) {
      this.#failed(err);
    }
    this.#wakeIn(isMore ? 0 : this.#everyMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}

/** One pass over everything that is due, by name, for tests and for the loops of the server. */
export interface S3Turns {
  /** Works off pushed events; whether more may be there. */
  events(): Promise<boolean>;
  /** Lists the buckets that are due. */
  listings(): Promise<boolean>;
  /** Moves, clears and writes receipts. */
  tending(): Promise<boolean>;
}

export function createS3Turns(
  given: S3ServerDeps,
  options: Pick<S3ServerOptions, 'listMs'>,
  isClosed: () => boolean = () => false,
): S3Turns & { readonly workOff: (tenantId: string | null, body: string) => Promise<void> } {
  const deps = { ...given, turns: new KeyTurns() };
  const { store, log } = deps;
  const tidiedAtMs = new Map<string, number>();

  async function workOffEvent({ eventId, tenantId, body, attempt }: KeptEvent): Promise<void> {
    try {
      await workOffMessage(deps, tenantId, body);
    } catch (err) {
      log.warn({ err, tenantId, attempt }, 'a pushed event was not worked off');
      // A listing finds what it told of.
      if (attempt < EVENT_ATTEMPTS) return store.retryEvent(eventId, 1_000 * 2 ** attempt);
    }
    await store.endEvent(eventId);
  }

  async function list(drop: S3Drop & { readonly marker: ListingMarker | null }): Promise<void> {
    const { tenantId } = drop;
    await store.runAlone(tenantId, 'list', async () => {
      const brokenReason = await deps.checkBucket(drop);
      const current = { ...drop, isBroken: brokenReason !== null };
      const found = await listBucket(deps, current, drop.marker, isClosed);
      await store.recordHealth(tenantId, { brokenReason, ignored: found.ignored });
      const now = performance.now();
      if (now < (tidiedAtMs.get(tenantId) ?? Number.NEGATIVE_INFINITY) + TIDY_EVERY_MS) return;
      tidiedAtMs.set(tenantId, now);
      await removeOldReceipts(deps, drop, await store.readClock());
    });
  }

  return {
    workOff: (tenantId, body) => workOffMessage(deps, tenantId, body),

    async events() {
      const events = await store.takeEvents(EVENTS_AT_ONCE, EVENT_LEASE_MS);
      await Promise.all(events.map(workOffEvent));
      return events.length > 0;
    },

    async listings() {
      const drops = await store.claimListings(options.listMs, LISTINGS_AT_ONCE);
      await Promise.all(
        drops.map(async (drop) => {
          try {
            await list(drop);
          } catch (err) {
            log.error({ err, tenantId: drop.tenantId }, 'a bucket could not be listed');
            const brokenReason =
              err instanceof CallbayError ? err.message : 'The bucket could not be listed.';
            await store.recordHealth(drop.tenantId, { brokenReason, ignored: 0 });
          }
        }),
      );
      return drops.length === LISTINGS_AT_ONCE;
    },

    async tending() {
      const drops = await store.listBusy(BUSY_DROPS);
      let isMore = false;
      for (const drop of drops) {
        if (isClosed()) return false;
        try {
          await store.runAlone(drop.tenantId, 'tend', async () => {
            isMore = (await tendDrop(deps, drop)) || isMore;
          });
        } catch (err) {
          log.error({ err, tenantId: drop.tenantId }, 'objects of a bucket were not moved');
        }
      }
      return isMore;
    },
  };
}

/** Removes what a process left in the spool as it died. */
async function tidySpool(spool: string): Promise<void> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
  for (const name of await readdir(spool)) {
    const path = join(spool, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && found.mtimeMs < Date.now() - SPOOL_KEPT_MS) await rm(path, { force: true });
  }
}

/**
 * Takes in what comes into the buckets of all tenants, by queues, by pushed events and by listings, and moves what has an outcome.
 * Any number of processes may run one.
 */
export function createS3Server(deps: S3ServerDeps, options: S3ServerOptions): SourceServer {
  let isClosed = false;
  const repeating: Repeating[] = [];
  const loops = new Map<string, SqsLoop>();
  const turns = createS3Turns(deps, options, () => isClosed);
  const failed = (err: unknown): void =>
    deps.log.error({ err }, 'the work of buckets was not done and is tried again');

  /** Drops are made while we run, and with them queues. */
  async function readQueues(): Promise<boolean> {
    const { sqs, log } = deps;
    if (sqs === null) return false;
    for (const queueUrl of await deps.store.listQueues()) {
      if (loops.has(queueUrl) || isClosed) continue;
      loops.set(
        queueUrl,
        startSqsLoop({ sqs, log, work: (body) => turns.workOff(null, body) }, { queueUrl }),
      );
    }
    return false;
  }

  return {
    async start() {
      await tidySpool(options.spool);
      const { tendMs = 2_000, eventMs = 500 } = options;
      repeating.push(
        new Repeating(10_000, readQueues, failed),
        new Repeating(eventMs, turns.events, failed),
        new Repeating(2_000, turns.listings, failed),
        new Repeating(tendMs, turns.tending, failed),
      );
    },
    async close() {
      isClosed = true;
      await Promise.all([...repeating, ...loops.values()].map((each) => each.close()));
    },
  };
}
