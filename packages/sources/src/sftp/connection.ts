import type { Socket } from 'node:net';
import type { SftpAccount } from '@callbay/ingestion';
import type { Connection, ServerChannel, Session, SFTPWrapper } from 'ssh2';
import { type Login, renewLogin } from './auth.ts';
import { FAREWELLS, type Farewell } from './farewells.ts';
import { type LoginDeps, LoginDialogue } from './login-dialogue.ts';
import type { ReplyBudget } from './reply-budget.ts';
import { ReplyPacer } from './reply-pacer.ts';
import { type SessionDeps, type SessionHost, SftpSession } from './session.ts';
import type { Place } from './session-places.ts';
import { sendDisconnect } from './ssh2-internals.ts';
import type { WriteBudget } from './write-budget.ts';

export type ConnectionDeps = SessionDeps &
  LoginDeps & {
    readonly budget: WriteBudget;
    readonly replies: ReplyBudget;
  };

export interface Peer {
  readonly socket: Socket;
  readonly address: string;
  /** What the client calls itself, such as `OpenSSH_9.2p1`. */
  readonly software: string;
  /** To be called once: the connection has logged in. */
  readonly onLogin: () => void;
}

/** How long a peer may take to read the last sentence. */
const LINGER_MS = 2_000;
const SFTP_ONLY = 'Callbay speaks SFTP only: use sftp, or scp without -O.\r\n';

/** One SSH connection: its login, its channels, its pace. */
export class SftpConnection implements SessionHost {
  readonly hidesOurFolders: boolean;
  readonly pacer: ReplyPacer;
  readonly #deps: ConnectionDeps;
  readonly #client: Connection;
  readonly #peer: Peer;
  readonly #sessions = new Set<SftpSession>();
  readonly #dialogue: LoginDialogue;
  #login: Login | null = null;
  #place: Place | null = null;
  #channels = 0;
  #lastRequestMs: number;
  #rekeyedAtMs: number;
  #rekeyedAtBytes = 0;
  #isCorked = false;
  #isPaused = false;
  #isDraining = false;
  #isClosed = false;
  #quiet: NodeJS.Timeout | undefined;

  constructor(deps: ConnectionDeps, client: Connection, peer: Peer) {
    this.#deps = deps;
    this.#client = client;
    this.#lastRequestMs = deps.monotonicMs();
    this.#rekeyedAtMs = deps.monotonicMs();
    this.#peer = peer;
    // rclone identifies itself, and its `sync` deletes what the source lacks. Source: case 110.
    this.hidesOurFolders = /rclone/i.test(peer.software);
    this.pacer = new ReplyPacer({
      limitBytes: deps.limits.replyBufferBytes,
      budget: deps.replies,
      backlogBytes: () => this.#backlogBytes(),
    });
    this.#dialogue = new LoginDialogue(deps, {
      address: peer.address,
      software: peer.software,
      isClosed: () => this.#isClosed,
      isDraining: () => this.#isDraining,
      onLogin: (login, place) => this.#begin(login, place),
      end: () => client.end(),
      leave: (farewell) => this.leave(farewell),
    });
    this.#listen();
  }

  get username(): string | null {
    return this.#login?.account.username ?? null;
  }

  login(): Login {
    if (this.#login === null) throw new Error('A session before its login.');
    return this.#login;
  }

  touch(): void {
    this.#lastRequestMs = this.#deps.monotonicMs();
  }

  cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#peer.socket.cork();
    setImmediate(() => {
      this.#isCorked = false;
      this.#peer.socket.uncork();
      this.pacer.pump();
      for (const session of this.#sessions) session.resume();
    });
  }

  pauseForWrites(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#peer.socket.pause();
    this.#deps.budget.whenRoom(() => {
      this.#isPaused = false;
      this.#peer.socket.resume();
    });
  }

  isSocketFull(): boolean {
    return this.#peer.socket.writableLength > this.#deps.limits.replyBufferBytes;
  }

  isDraining(): boolean {
    return this.#isDraining;
  }

  onRequestsDone(): void {
    if (this.#isDraining) this.#endWhenQuiet();
  }

  /** Ends once nothing is being transferred and the client has had time to end by itself; no new file can be opened. */
  drain(): void {
    this.#isDraining = true;
    this.#endWhenQuiet();
  }

  /**
   * Says why, then ends the connection. What the peer still sends is thrown away instead of being left unread, since a
   * reset of the connection would overtake the sentence.
   */
  leave({ reason, sentence }: Farewell): void {
    const { socket } = this.#peer;
    if (socket.writable) sendDisconnect(this.#client, reason, sentence);
    socket.removeAllListeners('data');
    socket.resume();
    socket.end();
    const patience = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(patience));
    // What is open is put away now: nothing more that this peer sends may count.
    this.putAway();
  }

  /** Ends the connection if nothing has been asked for too long, or if its key has expired meanwhile. */
  checkAge(): void {
    const open = [...this.#sessions].reduce((sum, session) => sum + session.openHandles, 0);
    const idleMs = open > 0 ? this.#deps.limits.idleWithHandlesMs : this.#deps.limits.idleMs;
    const isIdle =
      this.#deps.monotonicMs() - this.#lastRequestMs > idleMs &&
      ![...this.#sessions].some((s) => s.isBusy && open === 0);
    const endsAtMs = this.#login?.endsAtMs ?? null;
    const isExpired = endsAtMs !== null && endsAtMs <= this.#deps.monotonicMs();
    if (isExpired) this.drop('key expired', FAREWELLS.keyExpired);
    else if (isIdle) this.leave(FAREWELLS.idle);
  }

  /** Holds the login against the account as it is now. Source: case 98. */
  applyAccount(account: SftpAccount | null): void {
    if (this.#login === null) return;
    const renewed = renewLogin(this.#login, account, this.#peer.address, this.#deps.monotonicMs());
    if (renewed === null) this.drop('access was taken away', FAREWELLS.accessChanged);
    else this.#login = renewed;
  }

  drop(reason: string, farewell: Farewell): void {
    this.#deps.log.info(
      { username: this.username, address: this.#peer.address, reason },
      'sftp session dropped',
    );
    this.leave(farewell);
  }

  #listen(): void {
    const { socket } = this.#peer;
    this.#client.on('error', (error) =>
      this.#deps.log.debug({ err: error, address: this.#peer.address }, 'ssh error'),
    );
    this.#client.on('authentication', (context) => void this.#dialogue.answer(context));
    this.#client.on('session', (accept, reject) => this.#openChannel(accept, reject));
    this.#client.on('rekey', () => this.#markRekeyed());
    this.#client.on('close', () => this.putAway());
    socket.on('data', () => {
      // Before ssh2 parses: the replies it causes leave in one write.
      this.cork();
      this.#rekeyWhenDue();
    });
    socket.on('drain', () => this.cork());
  }

  /** What is open is kept as far as it came; nothing more of this peer counts. Again it does nothing. */
  putAway(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#quiet);
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
    this.pacer.close();
    if (this.#login === null) this.#dialogue.finish();
    this.#place?.give();
  }

  #begin(login: Login, place: Place): void {
    this.#login = login;
    this.#place = place;
    this.#peer.onLogin();
    this.touch();
  }

  #backlogBytes(): number {
    const { writableLength, writableHighWaterMark } = this.#peer.socket;
    // Below its mark the socket says nothing when it has sent all, so nobody would ask again.
    const unsent = writableLength > writableHighWaterMark ? writableLength : 0;
    return [...this.#sessions].reduce((sum, session) => sum + session.bufferedBytes, unsent);
  }

  /**
   * A client whose upload was recorded ends by itself a moment later, and exits with success only if nobody else ended the
   * connection before.
   */
  #endWhenQuiet(): void {
    clearTimeout(this.#quiet);
    if (this.#isClosed || [...this.#sessions].some((session) => session.isBusy)) return;
    const lastRequestMs = this.#lastRequestMs;
    const leftMs = lastRequestMs + this.#deps.limits.drainQuietMs - this.#deps.monotonicMs();
    this.#quiet = setTimeout(
      () => {
        if (this.#lastRequestMs === lastRequestMs) this.leave(FAREWELLS.restarting);
        else this.#endWhenQuiet();
      },
      Math.max(0, leftMs),
    );
  }

  #openChannel(accept: () => Session, reject: () => void): void {
    if (this.#channels >= this.#deps.limits.channelsPerConnection) {
      reject();
      return;
    }
    const session = accept();
    this.#channels += 1;
    session.on('error', (error: Error) => this.#deps.log.debug({ err: error }, 'ssh channel error'));
    session.on('close', () => {
      this.#channels -= 1;
    });
    session.on('exec', (acceptExec) => this.#refuseProgram(acceptExec()));
    session.on('shell', (acceptShell) => this.#refuseProgram(acceptShell()));
    session.on('sftp', (acceptSftp) => this.#openSftp(acceptSftp()));
  }

  #openSftp(sftp: SFTPWrapper): void {
    try {
      const session = new SftpSession(this.#deps, this, sftp);
      this.#sessions.add(session);
      sftp.on('close', () => this.#sessions.delete(session));
    } catch (error) {
      this.#deps.log.error({ err: error }, 'sftp session could not start');
      this.#client.end();
    }
  }

  #refuseProgram(channel: ServerChannel): void {
    channel.on('error', (error: Error) => this.#deps.log.debug({ err: error }, 'ssh channel error'));
    channel.stderr.write(SFTP_ONLY);
    channel.exit(1);
    channel.end();
  }

  #markRekeyed(): void {
    this.#rekeyedAtMs = this.#deps.monotonicMs();
    this.#rekeyedAtBytes = this.#peer.socket.bytesRead + this.#peer.socket.bytesWritten;
  }

  #rekeyWhenDue(): void {
    if (this.#login === null) return;
    const { rekeyBytes, rekeyMs } = this.#deps.limits;
    const bytes = this.#peer.socket.bytesRead + this.#peer.socket.bytesWritten - this.#rekeyedAtBytes;
    if (bytes < rekeyBytes && this.#deps.monotonicMs() - this.#rekeyedAtMs < rekeyMs) return;
    this.#markRekeyed();
    this.#client.rekey();
  }
}
