import { lookup as lookupBySystem } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { feedFailure, isWebhookAddressAllowed, type WebhookRules } from '@callbay/core';
import { FeedError } from '@callbay/ingestion';

interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; rejects where there are none. */
export type ResolveHost = (host: string) => Promise<readonly Address[]>;

export const resolveBySystem: ResolveHost = (host) => lookupBySystem(host, { all: true, verbatim: true });

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

/**
 * The addresses of a broker, judged as those of webhooks are: one forbidden address among several is enough to refuse the
 * name. Throws FeedError.
 */
export async function judgeBroker(
  host: string,
  { rules, resolveHost }: { rules: WebhookRules; resolveHost: ResolveHost },
): Promise<readonly Address[]> {
  const literal = bare(host);
  const family = isIP(literal);
  const addresses = family === 0 ? await resolveHost(host) : [{ address: literal, family }];
  if (addresses.every(({ address }) => isWebhookAddressAllowed(address, rules))) return addresses;
  throw new FeedError(feedFailure('FEED_ADDRESS_FORBIDDEN', `It is \`${host}\`.`));
}

/** The same at the moment of a connection, for sockets that resolve names by themselves. */
export const judgedLookup =
  (options: { rules: WebhookRules; resolveHost: ResolveHost }): LookupFunction =>
  (host, { all }, callback) => {
    judgeBroker(host, options).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family ?? 0);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
