/** Every way an attempt to deliver a digest fails. docs/errors.md holds one row for each. */
export const DELIVERY_TABLE = {
  MAIL_NOT_CONFIGURED: {
    isRetryable: true,
    sentence: 'No mail server is configured.',
    fix: 'An operator must set CALLBAY_SMTP_URL and CALLBAY_MAIL_FROM.',
  },
  MAIL_UNREACHABLE: {
    isRetryable: true,
    sentence: 'The mail server cannot be reached.',
    fix: 'An operator must check CALLBAY_SMTP_URL and the network.',
  },
  MAIL_NOT_ENCRYPTED: {
    isRetryable: true,
    sentence: 'The mail server offers no encryption, and a password is never sent unencrypted.',
    fix: 'An operator must turn on STARTTLS on the server or use an `smtps://` URL.',
  },
  MAIL_LOGIN_REFUSED: {
    isRetryable: true,
    sentence: 'The mail server refused the login.',
    fix: 'An operator must correct the user name and password in CALLBAY_SMTP_URL.',
  },
  MAIL_REFUSED: {
    isRetryable: true,
    sentence: 'The mail server refused the mail.',
    fix: 'An operator must check the log of the mail server: it refused the sender or the text.',
  },
  MAIL_ADDRESS_REFUSED: {
    isRetryable: false,
    sentence: 'The mail server refused the address.',
    fix: 'Correct the address in `settings.alerts.emails`.',
  },
  WEBHOOK_SECRET_MISSING: {
    isRetryable: true,
    sentence: 'The webhook has no signing secret, and nothing is sent unsigned.',
    fix: 'For alerts, make one with `POST …/alerts/webhook-secret`; for events, set `rotateSecret` of the webhook.',
  },
  WEBHOOK_URL_INVALID: {
    isRetryable: false,
    sentence: 'The webhook is not an https URL, or it contains a password.',
    fix: 'Correct the URL: `settings.alerts.webhookUrl` for alerts, `url` of the webhook for events.',
  },
  WEBHOOK_ADDRESS_FORBIDDEN: {
    isRetryable: false,
    sentence: 'The webhook address is not public, or its URL is not https.',
    fix: 'Set a public https URL; an operator may allow others with CALLBAY_WEBHOOK_ALLOW.',
  },
  WEBHOOK_TIMEOUT: {
    isRetryable: true,
    sentence: 'The receiver did not answer in time.',
    fix: 'Answer 2xx at once and do the work afterwards.',
  },
  WEBHOOK_UNREACHABLE: {
    isRetryable: true,
    sentence: 'The receiver cannot be reached.',
    fix: 'Check its name, certificate and firewall.',
  },
  WEBHOOK_REDIRECTED: {
    isRetryable: true,
    sentence: 'The receiver answered with a redirect, and redirects are not followed.',
    fix: 'Set the URL that answers 2xx itself.',
  },
  WEBHOOK_REFUSED: {
    isRetryable: true,
    sentence: 'The receiver answered with an error.',
    fix: 'Check the log of the receiver: the header `x-callbay-delivery`, or `webhook-id` for events, has the id of the delivery.',
  },
  WEBHOOK_GONE: {
    isRetryable: false,
    sentence: 'The receiver answered 410 Gone.',
    fix: 'Set another URL.',
  },
  RECIPIENT_REMOVED: {
    isRetryable: false,
    sentence: 'The recipient was removed from the settings before the delivery.',
    fix: 'Nothing to do.',
  },
  INTERRUPTED: {
    isRetryable: false,
    sentence: 'The process ended during each attempt.',
    fix: 'An operator must check the log of the pipeline.',
  },
} as const;

export type DeliveryCode = keyof typeof DELIVERY_TABLE;

/** Why one attempt to deliver failed. `message` holds no secret and nothing that the other side said in words. */
export interface DeliveryFailure {
  readonly code: DeliveryCode;
  readonly message: string;
  /** False: trying the same again cannot help. */
  readonly isRetryable: boolean;
}

/** The failure for a code, with what exactly, such as a status, after its sentence. */
export function deliveryFailure(code: DeliveryCode, detail: string | null = null): DeliveryFailure {
  const { sentence, isRetryable } = DELIVERY_TABLE[code];
  return { code, message: detail === null ? sentence : `${sentence} ${detail}`, isRetryable };
}
