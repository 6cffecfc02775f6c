import { type DeliveryFailure, deliveryFailure } from '@callbay/core';
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
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
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
  if (code === 'EAUTH') return deliveryFailure('MAIL_LOGIN_REFUSED');
  if (code === 'ETLS') return deliveryFailure('MAIL_NOT_ENCRYPTED');
  if (responseCode === undefined) return deliveryFailure('MAIL_UNREACHABLE', `The system says ${code}.`);
  const isForGood = command === 'RCPT TO' && responseCode >= 500;
  return deliveryFailure(isForGood ? 'MAIL_ADDRESS_REFUSED' : 'MAIL_REFUSED', `It answered ${responseCode}.`);
}

interface MailError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
}
