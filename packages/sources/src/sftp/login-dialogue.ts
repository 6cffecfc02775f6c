import { CallbayError } from '@callbay/core';
import type { SftpAccountStore } from '@callbay/ingestion';
import type { AuthContext } from 'ssh2';
import { type AuthVerdict, judgeLogin, type Login, type RefusalReason } from './auth.ts';
import { FAREWELLS, type Farewell } from './farewells.ts';
import type { SftpLimits } from './limits.ts';
import type { Logger, SftpMetrics } from './logger.ts';
import type { Place, SessionPlaces } from './session-places.ts';

export interface LoginDeps {
  readonly accounts: SftpAccountStore;
  readonly metrics: SftpMetrics;
  readonly limits: SftpLimits;
  readonly log: Logger;
  readonly places: Pick<SessionPlaces, 'take'>;
  /** Moves with every change of access, so that one which happens during a login is not missed. */
  readonly accessChanges: () => number;
  readonly monotonicMs: () => number;
  readonly inBackground: (work: Promise<void>) => void;
}

/** The connection that somebody logs in on. */
export interface LoginHost {
  readonly address: string;
  /** What the client calls itself. */
  readonly software: string;
  readonly isClosed: () => boolean;
  readonly isDraining: () => boolean;
  /** Called once, before the client hears of it. */
  readonly onLogin: (login: Login, place: Place) => void;
  /** Ends the connection without a word: the client had all its attempts. */
  readonly end: () => void;
  readonly leave: (farewell: Farewell) => void;
}

const METHODS: ('publickey' | 'password')[] = ['publickey', 'password'];
/** Questions for the methods are not attempts, but nobody needs many. */
const MAX_QUESTIONS = 20;
/** Access may change while a login is checked, which is then checked again: the maximum number of times. */
const MAX_JUDGEMENTS = 20;

/** All attempts of one connection to log in, and what is written down of them. */
export class LoginDialogue {
  readonly #deps: LoginDeps;
  readonly #host: LoginHost;
  readonly #refusals = new Map<RefusalReason | 'too_many_sessions', string | null>();
  #attempts = 0;
  #questions = 0;
  #username = '';

  constructor(deps: LoginDeps, host: LoginHost) {
    this.#deps = deps;
    this.#host = host;
  }

  async answer(context: AuthContext): Promise<void> {
    const judging = this.#judge(context);
    try {
      const { verdict, place } = await this.#inTime(judging);
      if (this.#host.isClosed()) place?.give();
      else if (verdict.status === 'accepted') this.#accept(context, verdict.login, place);
      else if (verdict.status === 'key_known') context.accept();
      else if (verdict.status === 'asked') this.#answerQuestion(context);
      else this.#refuse(context, verdict.tenantId, verdict.reason);
    } catch (error) {
      // It may still be answered: nobody is there any more to take the place.
      judging.then(
        ({ place }) => place?.give(),
        () => undefined,
      );
      this.#deps.log.error({ err: error, address: this.#host.address }, 'login could not be checked');
      this.#deps.metrics.loginEnded('unavailable');
      if (!this.#host.isClosed()) this.#host.leave(FAREWELLS.unavailable);
    }
  }

  /**
   * The connection ended and nobody had logged in. One row a connection, whatever it tried: the row count must not be in
   * the hands of strangers.
   */
  finish(): void {
    if (this.#refusals.size === 0) return;
    this.#deps.metrics.loginEnded('refused');
    const reasons = [...this.#refusals.keys()];
    this.#deps.log.info({ address: this.#host.address, reasons, attempts: this.#attempts }, 'login refused');
    const tenantId = [...this.#refusals.values()].find((id) => id !== null) ?? null;
    const detail = {
      reasons,
      attempts: this.#attempts,
      software: this.#host.software,
    };
    this.#audit(tenantId, this.#username.slice(0, 128), 'sftp.refused', detail);
  }

  /** A database that holds the connection but answers nothing would keep the client until its time to log in is over. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const patience = setTimeout(
      () => reject(new CallbayError('UNAVAILABLE', 'The credentials were not checked in time.')),
      this.#deps.limits.loginAnswerMs,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(patience);
    }
  }

  /** With a place for the session of who is let in; null where all are taken. */
  async #judge(context: AuthContext): Promise<{ verdict: AuthVerdict; place: Place | null }> {
    for (let judged = 0; judged < MAX_JUDGEMENTS; judged += 1) {
      const changes = this.#deps.accessChanges();
      // Before the question: a key ends early rather than late.
      const nowMs = this.#deps.monotonicMs();
      const verdict = await judgeLogin(this.#deps.accounts, context, this.#host.address, nowMs);
      if (verdict.status !== 'accepted') return { verdict, place: null };
      const { tenantId, username } = verdict.login.account;
      const place = await this.#deps.places.take({ tenantId, username, address: this.#host.address });
      if (changes === this.#deps.accessChanges()) return { verdict, place };
      place?.give();
    }
    throw new CallbayError('UNAVAILABLE', 'Access kept changing while a login was checked.');
  }

  #answerQuestion(context: AuthContext): void {
    this.#questions += 1;
    context.reject(METHODS);
    if (this.#questions >= MAX_QUESTIONS) this.#host.end();
  }

  #refuse(context: AuthContext, tenantId: string | null, reason: RefusalReason): void {
    this.#note(context.username, tenantId, reason);
    context.reject(METHODS);
    if (this.#attempts >= this.#deps.limits.maxAuthAttempts) this.#host.end();
  }

  #note(username: string, tenantId: string | null, reason: RefusalReason | 'too_many_sessions'): void {
    this.#username = username;
    this.#refusals.set(reason, tenantId);
    this.#attempts += 1;
  }

  #accept(context: AuthContext, login: Login, place: Place | null): void {
    const { tenantId, username } = login.account;
    if (this.#host.isDraining()) {
      place?.give();
      this.#host.leave(FAREWELLS.restarting);
      return;
    }
    if (place === null) {
      this.#note(username, tenantId, 'too_many_sessions');
      this.#host.leave(FAREWELLS.tooManySessions);
      return;
    }
    this.#host.onLogin(login, place);
    context.accept();
    this.#deps.metrics.loginEnded('accepted');
    const { method } = login;
    this.#deps.log.info({ tenantId, username, address: this.#host.address, method: method.kind }, 'login');
    if (method.kind === 'key') this.#inBackground(this.#deps.accounts.touchKey(tenantId, method.keyId));
    this.#audit(tenantId, username, 'sftp.login', {
      method: method.kind,
      ...(method.kind === 'key' ? { keyId: method.keyId } : {}),
      software: this.#host.software,
    });
  }

  #audit(tenantId: string | null, actor: string, action: string, detail: Record<string, unknown>): void {
    const entry = { actor, action, target: `sftp-user:${actor}`, remoteAddress: this.#host.address, detail };
    this.#inBackground(this.#deps.accounts.appendAudit(tenantId, entry));
  }

  #inBackground(work: Promise<void>): void {
    this.#deps.inBackground(
      work.catch((error: unknown) => this.#deps.log.error({ err: error }, 'a login was not written down')),
    );
  }
}
