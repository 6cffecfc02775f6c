import { isIP } from 'node:net';
import { feedFailure, type WebhookRules } from '@callbay/core';
import { type FeedAddress, FeedError } from '@callbay/ingestion';
import {
  type Broker,
  type Connection,
  compatibilityPartitioner,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka';
import { judgeBroker, judgedLookup, type ResolveHost } from './broker-addresses.ts';

export interface ProducerOptions {
  readonly rules: WebhookRules;
  readonly resolveHost: ResolveHost;
}

export type FeedProducer = Producer<string, string, string, string>;

const CONNECT_MS = 5_000;
const REQUEST_MS = 10_000;

const text = (value?: string): Buffer | undefined => (value === undefined ? undefined : Buffer.from(value));
const serializers = { key: text, value: text, headerKey: text, headerValue: text };

/**
 * A producer for the connection; nothing is connected yet. It waits for all in-sync replicas, keeps a key where Java's
 * clients keep it, never creates a topic, and asks for the leaders again after each failure: without a retry it would stay
 * with a leader that is gone. Throws FeedError without the password that the login needs.
 */
export function openProducer({ connection, password }: FeedAddress, options: ProducerOptions): FeedProducer {
  const { brokers, tls, sasl, compression } = connection;
  if (sasl !== null && password === null) throw new FeedError(feedFailure('FEED_SECRET_MISSING'));
  const hasNames = brokers.some((broker) => isIP(hostOf(broker)) === 0);
  const producer: FeedProducer = new Producer({
    clientId: 'callbay',
    bootstrapBrokers: [...brokers],
    serializers,
    acks: ProduceAcks.ALL,
    compression,
    partitioner: compatibilityPartitioner,
    autocreateTopics: false,
    retries: 2,
    retryDelay: 250,
    timeout: REQUEST_MS,
    connectTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    ...(tls === null
      ? {}
      : {
          tls: { ...(tls.ca === null ? {} : { ca: tls.ca }), lookup: judgedLookup(options) },
          tlsServerName: hasNames,
        }),
    ...(sasl === null ? {} : { sasl: { ...sasl, password: password ?? '' } }),
  });
  judgeConnections(producer, tls !== null, options);
  return producer;
}

const hostOf = (broker: string): string => broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '');

type Got = (error: Error | null, connection?: Connection) => void;

/**
 * Every broker is judged before it is connected to, those that the cluster advertises as well. A connection that is not
 * encrypted goes to the very address that was judged; an encrypted one needs the name and judges in its lookup.
 */
function judgeConnections(
  { connections }: FeedProducer,
  isEncrypted: boolean,
  options: ProducerOptions,
): void {
  const connect = connections.get.bind(connections) as (broker: Broker, callback: Got) => void;
  const get = (broker: Broker | undefined, callback: Got): void => {
    // The library answers by itself where the leader is not known.
    if (broker?.host === undefined) {
      connect(broker as unknown as Broker, callback);
      return;
    }
    judgeBroker(broker.host, options).then(
      ([first]) =>
        connect(isEncrypted || first === undefined ? broker : { ...broker, host: first.address }, callback),
      (error: Error) => callback(error instanceof FeedError ? withFindBy(error) : unresolved(broker, error)),
    );
  };
  connections.get = get as typeof connections.get;
}

/** The library asks errors whether another attempt may help. */
const withFindBy = (error: FeedError): Error => Object.assign(error, { canRetry: false, findBy: () => null });

const unresolved = ({ host }: Broker, cause: Error): Error =>
  withFindBy(
    new FeedError(
      feedFailure(
        'FEED_UNREACHABLE',
        `The name \`${host}\` cannot be resolved: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}.`,
      ),
      { cause },
    ),
  );
