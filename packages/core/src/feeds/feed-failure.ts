/** Every way in which brokers do not take messages. docs/errors.md holds one row for each. */
export const FEED_TABLE = {
  FEED_UNREACHABLE: {
    sentence: 'No broker can be reached.',
    fix: 'Check `brokers`, also those that the cluster advertises, and the firewall.',
  },
  FEED_ADDRESS_FORBIDDEN: {
    sentence: 'A broker has a private or local address.',
    fix: 'Use brokers with public addresses; an operator may allow others with CALLBAY_WEBHOOK_ALLOW.',
  },
  FEED_TLS_FAILED: {
    sentence: 'The encrypted connection could not be made.',
    fix: 'Check that the listener speaks TLS, and set `tls.ca` to the certificate of its authority.',
  },
  FEED_LOGIN_REFUSED: {
    sentence: 'The brokers refused the login.',
    fix: 'Correct `sasl`: mechanism, user name and password.',
  },
  FEED_SECRET_MISSING: {
    sentence: 'The password of the feed cannot be read.',
    fix: 'Set the feed again with `sasl.password`: it was sealed under another secret key.',
  },
  FEED_TOPIC_UNKNOWN: {
    sentence: 'The topic does not exist.',
    fix: 'Create the topic, or correct `topic`: the feed never creates one.',
  },
  FEED_NOT_AUTHORIZED: {
    sentence: 'The user may not write to the topic.',
    fix: 'Grant the user the permissions Write and Describe on the topic.',
  },
  FEED_MESSAGE_TOO_LARGE: {
    sentence: 'The topic takes no message of this size.',
    fix: 'Raise `max.message.bytes` of the topic, or lower `maxMessageBytes` of the feed.',
  },
  FEED_REFUSED: {
    sentence: 'The brokers did not take the messages.',
    fix: 'Check the log of the brokers. The feed tries again by itself.',
  },
} as const;

export type FeedCode = keyof typeof FEED_TABLE;

/** Why brokers did not take messages. `message` holds no secret. */
export interface FeedFailure {
  readonly code: FeedCode;
  readonly message: string;
}

/** The failure for a code, with what exactly, such as a protocol error, after its sentence. */
export function feedFailure(code: FeedCode, detail: string | null = null): FeedFailure {
  const { sentence } = FEED_TABLE[code];
  return { code, message: detail === null ? sentence : `${sentence} ${detail}` };
}
