import type { SFTPWrapper } from 'ssh2';
import { HandleTable } from './handles.ts';
import type { SftpMetrics } from './logger.ts';
import type { ReplyPacer } from './reply-pacer.ts';
import { letFall, type Replies, type RequestDeps, type RequestHost, Requests } from './requests.ts';
import { extendSftp, type SftpChannel } from './ssh2-internals.ts';
import { isOutOfDescriptors, SFTP_STATUS, statusOf } from './statuses.ts';

/** The connection that a session lives on, as far as the session needs it. */
export interface SessionHost extends RequestHost {
  /** Called at every request. */
  touch(): void;
  /** Joins the replies of one turn of the event loop. */
  cork(): void;
  /** Whether replies pile up in the socket. */
  isSocketFull(): boolean;
  /** Of all sessions of the connection. */
  readonly pacer: ReplyPacer;
  /** Called whenever no request is under way any more. */
  onRequestsDone(): void;
}

export type SessionDeps = RequestDeps & { readonly metrics: SftpMetrics };

const EXTENSIONS = {
  'posix-rename@openssh.com': '1',
  'statvfs@openssh.com': '2',
  'fsync@openssh.com': '1',
  'limits@openssh.com': '1',
};

/** One SFTP channel, from its INIT to its end: the order, the pace and the answers of its requests. */
export class SftpSession implements Replies {
  readonly #deps: SessionDeps;
  readonly #host: SessionHost;
  readonly #sftp: SFTPWrapper;
  readonly #channel: SftpChannel;
  readonly #handles: HandleTable;
  #pending = 0;
  #isHeldBack = false;
  #isEnded = false;
  #isGone = false;
  #paths: Promise<unknown> = Promise.resolve();

  constructor(deps: SessionDeps, host: SessionHost, sftp: SFTPWrapper) {
    this.#deps = deps;
    this.#host = host;
    this.#sftp = sftp;
    this.#handles = new HandleTable(deps.limits.handlesPerSession);
    this.#channel = extendSftp(sftp, { extensions: EXTENSIONS, isBusy: () => this.#holdBack() });
    const parts = { deps, host, sftp, channel: this.#channel, handles: this.#handles };
    new Requests({ ...parts, session: this }).listen();
    sftp.on('error', (error: Error) => deps.log.debug({ err: error }, 'sftp protocol error'));
    sftp.on('end', () => this.#finish());
    sftp.on('close', () => this.end());
  }

  get openHandles(): number {
    return this.#handles.size;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether ending now would break a transfer or leave a request without an answer. */
  get isBusy(): boolean {
    return this.#pending > 0 || this.#handles.uploads.length > 0;
  }

  /** Bytes of replies that wait for the client to open its window. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes();
  }

  /** To be called whenever the socket has moved: requests that were held back may go on. */
  resume(): void {
    this.#letGo();
  }

  /** The channel or its connection is gone: nobody can be answered any more. */
  end(): void {
    this.#isGone = true;
    this.#endRequests();
  }

  /** No CLOSE will come: what was open is kept as partials. */
  #endRequests(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#host.pacer.stop(this);
    for (const handle of this.#handles.takeAll()) this.#deps.inBackground(letFall(this.#deps, handle));
  }

  pace<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    const isSlow = (): boolean => this.#channel.isClientSlow();
    return this.#host.pacer.run({ owner: this, bytes, isSlow }, task);
  }

  answer(id: number, run: () => Promise<unknown>): void {
    this.begin();
    void run()
      .then((isAnswered) => {
        if (isAnswered !== true) this.reply(() => this.#sftp.status(id, SFTP_STATUS.OK));
      })
      .catch((error: unknown) => this.refuse(id, error))
      .finally(() => this.done());
  }

  onPath(id: number, run: () => Promise<unknown>): void {
    this.answer(id, () => {
      const turn = this.#paths.then(run);
      // The answer to this request reports its error; the next one in line runs all the same.
      this.#paths = turn.catch(() => {});
      return turn;
    });
  }

  begin(): void {
    this.#pending += 1;
    this.#host.touch();
  }

  done(): void {
    this.#pending -= 1;
    this.#letGo();
    if (this.#pending > 0) return;
    if (this.#isEnded) this.#exit();
    this.#host.onRequestsDone();
  }

  reply(send: () => void): true {
    if (!this.#isGone) {
      this.#host.cork();
      send();
    }
    return true;
  }

  refuse(id: number, error: unknown): void {
    const { status, sentence, isOurs } = statusOf(error);
    if (isOutOfDescriptors(error)) this.#deps.metrics.descriptorsExhausted();
    if (isOurs)
      this.#deps.log.error(
        { err: error, tenantId: this.#host.login().account.tenantId },
        'sftp request failed',
      );
    this.reply(() => this.#sftp.status(id, status, sentence));
  }

  #isClientSlow(): boolean {
    return this.#channel.isClientSlow() || this.#host.isSocketFull();
  }

  #holdBack(): boolean {
    this.#isHeldBack = this.#pending > this.#deps.limits.pendingRequests || this.#isClientSlow();
    return this.#isHeldBack;
  }

  #letGo(): void {
    if (!this.#isHeldBack || this.#isEnded || this.#holdBack()) return;
    this.#channel.openWindow();
  }

  /** The client ended its side. What it asked for before is still answered, then the channel ends. */
  #finish(): void {
    this.#endRequests();
    if (this.#pending === 0) this.#exit();
  }

  #exit(): void {
    this.reply(() => this.#channel.exit());
  }
}
