/** The part of pino that the drop uses. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What an operator graphs; every method is called often and must be cheap. */
export interface SftpMetrics {
  connectionRefused(reason: 'pre_login_limit' | 'draining' | 'proxy_header'): void;
  /** `unavailable`: the credentials could not be checked. */
  loginEnded(outcome: 'accepted' | 'refused' | 'unavailable'): void;
  sessionOpened(): void;
  sessionClosed(): void;
  fileReceived(sizeBytes: number): void;
  uploadFailed(): void;
  /** A request failed since no more files may be opened. */
  descriptorsExhausted(): void;
}

export const NO_METRICS: SftpMetrics = {
  connectionRefused: () => {},
  loginEnded: () => {},
  sessionOpened: () => {},
  sessionClosed: () => {},
  fileReceived: () => {},
  uploadFailed: () => {},
  descriptorsExhausted: () => {},
};
