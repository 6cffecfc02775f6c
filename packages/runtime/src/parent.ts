import type { Shutdown } from './shutdown.ts';

/** What a role tells its supervisor once it serves. */
export interface ReadyReport {
  /** The port it listens on, for roles that do. */
  readonly port?: number;
}

/** Notifies the supervisor, when there is one, that this process serves now. */
export function reportReady(report: ReadyReport = {}): void {
  // The supervisor may be gone by now; `exitWithParent` deals with that.
  process.send?.({ type: 'ready', ...report }, undefined, undefined, () => undefined);
}

/**
 * Begins the shutdown when the supervisor dies, even by SIGKILL: nobody would restart or stop this process any more.
 */
export function exitWithParent(shutdown: Pick<Shutdown, 'begin'>): void {
  if (!process.send) return;
  if (!process.connected) shutdown.begin('supervisor gone');
  else process.once('disconnect', () => shutdown.begin('supervisor gone'));
}
