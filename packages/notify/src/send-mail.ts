import type { DeliveryFailure } from '@callbay/ingestion';
import nodemailer from 'nodemailer';

export interface MailOptions {
  /** `smtp://user:password@host:587` (STARTTLS where offered, required with a password) or `smtps://…`. */
  readonly smtpUrl: string;
  readonly from: string;
  /** For each step of the conversation; 10 s unless given. */
  readonly timeoutMs?: number;
}

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for each attempt, so that a mail server can know it again. */
  readonly messageId: string;
}

const TIMEOUT_MS = 10_000;

function transportOf({ smtpUrl, timeoutMs = TIMEOUT_MS }: MailOptions) {
  const url = new URL(smtpUrl);
  const isSecure = url.protocol === 'smtps:';
  const hasPassword = url.password !== '';
  return nodemailer.createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 465 : 587) : Number(url.port),
    secure: isSecure,
    requireTLS: hasPassword && !isSecure,
    ...(hasPassword
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
}

/** Sends one mail to one address: null where the server took it, else why not. Plain text, marked as automatic. */
export async function sendMail(mail: Mail, options: MailOptions): Promise<DeliveryFailure | null> {
  const transport = transportOf(options);
  try {
    await transport.sendMail({
      from: options.from,
      to: { name: '', address: mail.to },
      subject: mail.subject,
      text: mail.text,
      messageId: mail.messageId,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
    return null;
  } catch (error) {
    return failureOf(error);
  } finally {
    transport.close();
  }
}

/**
 * Only the code of the answer is told: its words may name what lies behind the server. Nothing but a refused recipient
 * is for good: a login, a sender and an encryption that are refused are ours to mend.
 */
function failureOf(error: unknown): DeliveryFailure {
  const { responseCode, code = 'unknown', command } = error as MailError;
  const failure = (as: string, message: string, isRetryable = true) => ({ code: as, message, isRetryable });
  if (code === 'EAUTH') return failure('MAIL_LOGIN_REFUSED', 'The mail server refused our login.');
  if (code === 'ETLS') return failure('MAIL_NOT_ENCRYPTED', 'The mail server offers no encryption.');
  if (responseCode === undefined) {
    return failure('MAIL_UNREACHABLE', `The mail server cannot be reached: ${code}.`);
  }
  const isRecipient = command === 'RCPT TO';
  const what = isRecipient ? 'The mail server refused the address' : 'The mail server refused the mail';
  return failure('MAIL_REFUSED', `${what}: ${responseCode}.`, !isRecipient || responseCode < 500);
}

interface MailError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}
