import { statfs } from 'node:fs/promises';
import type { FileEntry, SFTPWrapper } from 'ssh2';
import { attributesOf, type SentAttributes, sentTime } from './attrs.ts';
import type { Login } from './auth.ts';
import { fsyncTarget, posixRenameNames, statvfsReply } from './extensions.ts';
import {
  type OperationDeps,
  openFile,
  openListing,
  refuseFolder,
  removeFile,
  setAttributes,
  statPath,
} from './file-operations.ts';
import { type Handle, HandleTable } from './handles.ts';
import { PACKET_LIMITS, type SftpLimits } from './limits.ts';
import type { SftpMetrics } from './logger.ts';
import { canonicalPath, locate, writableName } from './paths.ts';
import { ReadPacer } from './read-pacer.ts';
import { renameFile } from './rename.ts';
import { extendSftp, type SftpChannel, uint64 } from './ssh2-internals.ts';
import {
  ABSENT,
  denied,
  failed,
  isOutOfDescriptors,
  malformed,
  SFTP_STATUS,
  SftpRefusal,
  statusOf,
} from './statuses.ts';
import { statLocation } from './view.ts';

/** The connection that a session lives on, as far as the session needs it. */
export interface SessionHost {
  /** Who is logged in, as the account is now. */
  login(): Login;
  /** Called at every request. */
  touch(): void;
  /** Joins the replies of one turn of the event loop. */
  cork(): void;
  /** Stops reading the socket until written bytes have gone to disk. */
  pauseForWrites(): void;
  /** Whether replies pile up in the socket. */
  isSocketFull(): boolean;
  isDraining(): boolean;
  /** Called whenever no request is under way any more. */
  onRequestsDone(): void;
  /** Tools that delete what their source lacks do not get to see our folders inside `/data`. */
  readonly hidesOurFolders: boolean;
}

export type SessionDeps = OperationDeps & {
  readonly limits: SftpLimits;
  readonly metrics: SftpMetrics;
  readonly spoolDir: string;
  readonly isWriteBufferFull: () => boolean;
};

const ENTRIES_PER_REPLY = 100;
const EXTENSIONS = {
  'posix-rename@openssh.com': '1',
  'statvfs@openssh.com': '2',
  'fsync@openssh.com': '1',
  'limits@openssh.com': '1',
};
const NO_LINKS = 'There are no links here: send the file under each of its names.';

/** One SFTP channel, from its INIT to its end. */
export class SftpSession {
  readonly #deps: SessionDeps;
  readonly #host: SessionHost;
  readonly #sftp: SFTPWrapper;
  readonly #channel: SftpChannel;
  readonly #handles: HandleTable;
  readonly #reads: ReadPacer;
  #pending = 0;
  #isHeldBack = false;
  #isEnded = false;
  #isGone = false;
  /** Requests on paths run one after the other: clients rely on the order they sent them in. */
  #paths: Promise<unknown> = Promise.resolve();

  constructor(deps: SessionDeps, host: SessionHost, sftp: SFTPWrapper) {
    this.#deps = deps;
    this.#host = host;
    this.#sftp = sftp;
    this.#handles = new HandleTable(deps.limits.handlesPerSession);
    this.#channel = extendSftp(sftp, { extensions: EXTENSIONS, isBusy: () => this.#holdBack() });
    this.#reads = new ReadPacer(deps.limits.replyBufferBytes, () => this.#isClientSlow());
    this.#listen();
  }

  get openHandles(): number {
    return this.#handles.size;
  }

  /** Whether ending now would break a transfer or leave a request without an answer. */
  get isBusy(): boolean {
    return this.#pending > 0 || this.#handles.uploads.length > 0;
  }

  /** To be called whenever the socket has moved: reads that wait for a slow client may go on. */
  resume(): void {
    this.#reads.pump();
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
    this.#reads.stop();
    for (const handle of this.#handles.takeAll()) this.#deps.inBackground(this.#letFall(handle));
  }

  #listen(): void {
    const sftp = this.#sftp;
    const whole = <Parts extends unknown[]>(run: (id: number, ...parts: Parts) => void) => this.#whole(run);
    sftp.on(
      'OPEN',
      whole((id, path, flags) => this.#onPath(id, () => this.#open(id, path, flags))),
    );
    sftp.on(
      'OPENDIR',
      whole((id, path) => this.#onPath(id, () => this.#openListing(id, path))),
    );
    sftp.on(
      'WRITE',
      whole((id, handle, offset, bytes) => this.#write(id, handle, offset, bytes)),
    );
    sftp.on(
      'READ',
      whole((id, handle, offset, length) => this.#read(id, handle, offset, length)),
    );
    sftp.on(
      'READDIR',
      whole((id, handle) => this.#answer(id, () => this.#list(id, handle))),
    );
    sftp.on(
      'CLOSE',
      whole((id, handle) => this.#answer(id, () => this.#close(handle))),
    );
    sftp.on(
      'FSTAT',
      whole((id, handle) => this.#answer(id, () => this.#statHandle(id, handle))),
    );
    sftp.on(
      'FSETSTAT',
      whole((id, handle, attrs) => this.#answer(id, () => this.#setHandle(handle, attrs))),
    );
    sftp.on(
      'STAT',
      whole((id, path) => this.#onPath(id, () => this.#stat(id, path))),
    );
    sftp.on(
      'LSTAT',
      whole((id, path) => this.#onPath(id, () => this.#stat(id, path))),
    );
    sftp.on(
      'SETSTAT',
      whole((id, path, attrs) =>
        this.#onPath(id, () => setAttributes(this.#deps, this.#account, path, attrs)),
      ),
    );
    sftp.on(
      'REALPATH',
      whole((id, path) => this.#onPath(id, () => this.#realPath(id, path))),
    );
    sftp.on(
      'REMOVE',
      whole((id, path) => this.#onPath(id, () => removeFile(this.#deps, this.#account, path))),
    );
    sftp.on(
      'RENAME',
      whole((id, from, to) => this.#onPath(id, () => this.#rename(from, to, false))),
    );
    sftp.on(
      'MKDIR',
      whole((id, path) => this.#onPath(id, () => refuseFolder(this.#deps, this.#account.tenantId, path))),
    );
    sftp.on('RMDIR', (id) =>
      this.#refuse(id, denied('Folders here are kept by the server and cannot be removed.')),
    );
    sftp.on('SYMLINK', (id) => this.#refuse(id, denied(NO_LINKS)));
    sftp.on(
      'READLINK',
      whole((id, path) =>
        this.#onPath(id, async () => {
          await statPath(this.#deps, this.#account.tenantId, path);
          throw failed('This is not a link.');
        }),
      ),
    );
    sftp.on('EXTENDED', (id, name, bytes) => this.#extended(id, name, bytes ?? Buffer.alloc(0)));
    sftp.on('error', (error: Error) => this.#deps.log.debug({ err: error }, 'sftp protocol error'));
    sftp.on('end', () => this.#finish());
    sftp.on('close', () => this.end());
  }

  /** ssh2 passes a part that a packet lacks as undefined, where a later part could be read. */
  #whole<Parts extends unknown[]>(run: (id: number, ...parts: Parts) => void) {
    return (id: number, ...parts: Parts): void => {
      if (parts.includes(undefined)) this.#refuse(id, malformed());
      else run(id, ...parts);
    };
  }

  get #account() {
    return this.#host.login().account;
  }

  /** Runs a request and answers OK, unless `run` has answered by itself, which it says with `true`. */
  #answer(id: number, run: () => Promise<unknown>): void {
    this.#begin();
    void run()
      .then((isAnswered) => {
        if (isAnswered !== true) this.#reply(() => this.#sftp.status(id, SFTP_STATUS.OK));
      })
      .catch((error: unknown) => this.#refuse(id, error))
      .finally(() => this.#done());
  }

  #onPath(id: number, run: () => Promise<unknown>): void {
    this.#answer(id, () => {
      const turn = this.#paths.then(run);
      this.#paths = turn.catch(() => {});
      return turn;
    });
  }

  #begin(): void {
    this.#pending += 1;
    this.#host.touch();
  }

  #done(): void {
    this.#pending -= 1;
    this.#letGo();
    if (this.#pending > 0) return;
    if (this.#isEnded) this.#exit();
    this.#host.onRequestsDone();
  }

  #reply(send: () => void): true {
    if (!this.#isGone) {
      this.#host.cork();
      send();
    }
    return true;
  }

  #refuse(id: number, error: unknown): void {
    const { status, sentence, isOurs } = statusOf(error);
    if (isOutOfDescriptors(error)) this.#deps.metrics.descriptorsExhausted();
    if (isOurs) this.#deps.log.error({ err: error, tenantId: this.#account.tenantId }, 'sftp request failed');
    this.#reply(() => this.#sftp.status(id, status, sentence));
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

  async #open(id: number, path: string, flags: number): Promise<true> {
    if (this.#host.isDraining()) throw failed('The server is restarting; connect again.');
    const handle = await this.#handles.add(() => openFile(this.#deps, this.#account, path, flags));
    return this.#handleOpened(id, handle);
  }

  async #openListing(id: number, path: string): Promise<true> {
    const hides = this.#host.hidesOurFolders;
    const handle = await this.#handles.add(() => openListing(this.#deps, this.#account, path, hides));
    return this.#handleOpened(id, handle);
  }

  #handleOpened(id: number, handle: Buffer): true {
    // The connection may have gone while the file was opened: nobody will close it then.
    if (this.#isEnded) this.#deps.inBackground(this.#letFall(this.#handles.take(handle)));
    return this.#reply(() => this.#sftp.handle(id, handle));
  }

  #write(id: number, handle: Buffer, offset: number, bytes: Buffer): void {
    this.#begin();
    const settle = (error: Error | null) => {
      if (error === null) this.#reply(() => this.#sftp.status(id, SFTP_STATUS.OK));
      else this.#refuse(id, error);
      this.#done();
    };
    try {
      this.#uploadOf(handle).upload.write(offset, bytes, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#deps.isWriteBufferFull()) this.#host.pauseForWrites();
  }

  #uploadOf(handle: Buffer) {
    const found = this.#handles.get(handle);
    if (found.kind !== 'upload') throw denied('This handle was opened for reading.');
    return found;
  }

  #read(id: number, handle: Buffer, offset: number, wanted: number): void {
    const length = Math.min(wanted, PACKET_LIMITS.read);
    this.#answer(id, () =>
      this.#reads.run(length, async () => {
        const bytes = await this.#readBytes(this.#handles.get(handle), offset, length);
        if (bytes.length === 0) throw new SftpRefusal(SFTP_STATUS.EOF, 'End of file.');
        return this.#reply(() => this.#sftp.data(id, bytes));
      }),
    );
  }

  async #readBytes(handle: Handle, offset: number, length: number): Promise<Buffer> {
    // Offsets past 2^53 arrive imprecise: no file reaches there, so they are all past its end.
    if (!Number.isSafeInteger(offset)) return Buffer.alloc(0);
    if (handle.kind === 'download') return handle.download.read(offset, length);
    if (handle.kind === 'upload' && handle.mayRead) return handle.upload.read(offset, length);
    throw denied('This handle was not opened for reading, or this user may not read files back.');
  }

  async #list(id: number, handle: Buffer): Promise<true> {
    const found = this.#handles.get(handle);
    if (found.kind !== 'listing') throw failed('This handle is not a folder.');
    const entries: FileEntry[] = [];
    while (entries.length < ENTRIES_PER_REPLY) {
      const next = await found.entries.next();
      if (next.done === true) break;
      entries.push(next.value);
    }
    if (entries.length === 0) throw new SftpRefusal(SFTP_STATUS.EOF, 'End of listing.');
    return this.#reply(() => this.#sftp.name(id, entries));
  }

  async #close(handle: Buffer): Promise<void> {
    const closed = this.#handles.take(handle);
    if (closed.kind === 'upload') await this.#deps.uploads.finish(closed.upload);
    else if (closed.kind === 'download') await closed.download.close();
    else await closed.entries.return(undefined);
  }

  async #letFall(handle: Handle): Promise<void> {
    try {
      if (handle.kind === 'upload') await this.#deps.uploads.abandon(handle.upload);
      else if (handle.kind === 'download') await handle.download.close();
      else await handle.entries.return(undefined);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'a handle of a broken session was not put away');
    }
  }

  async #statHandle(id: number, handle: Buffer): Promise<true> {
    const found = this.#handles.get(handle);
    const stat =
      found.kind === 'upload'
        ? {
            isFolder: false,
            isReadOnly: false,
            sizeBytes: found.upload.sizeBytes,
            modifiedAt: found.upload.modifiedAt,
          }
        : found.kind === 'download'
          ? found.download.stat
          : found.stat;
    return this.#reply(() => this.#sftp.attrs(id, attributesOf(stat)));
  }

  async #setHandle(handle: Buffer, attrs: SentAttributes): Promise<void> {
    const { upload } = this.#uploadOf(handle);
    if (attrs.size !== undefined) await upload.setSize(attrs.size);
    const modifiedAt = sentTime(attrs);
    if (modifiedAt !== null) upload.setModifiedAt(modifiedAt);
  }

  async #stat(id: number, path: string): Promise<true> {
    const stat = await statLocation(this.#deps, this.#account.tenantId, locate(path));
    // Clients ask for every name before they send it: no error is made of its absence.
    if (stat === null) return this.#reply(() => this.#sftp.status(id, SFTP_STATUS.NO_SUCH_FILE, ABSENT));
    return this.#reply(() => this.#sftp.attrs(id, attributesOf(stat)));
  }

  async #realPath(id: number, path: string): Promise<true> {
    const filename = canonicalPath(path);
    const attrs = attributesOf({
      isFolder: true,
      isReadOnly: true,
      sizeBytes: 0,
      modifiedAt: this.#deps.startedAt,
    });
    return this.#reply(() => this.#sftp.name(id, [{ filename, longname: filename, attrs }]));
  }

  async #rename(from: string, to: string, isReplacing: boolean): Promise<void> {
    const { tenantId, username } = this.#account;
    const names = { from: writableName(from), to: writableName(to) };
    await renameFile(this.#deps, { tenantId, sentBy: username, ...names, isReplacing });
  }

  #extended(id: number, name: string, bytes: Buffer): void {
    if (name === 'limits@openssh.com') {
      this.#answer(id, async () => this.#replyLimits(id));
    } else if (name === 'posix-rename@openssh.com') {
      this.#onPath(id, async () => {
        const { from, to } = posixRenameNames(bytes);
        await this.#rename(from, to, true);
      });
    } else if (name === 'fsync@openssh.com') {
      this.#answer(id, async () => this.#uploadOf(fsyncTarget(bytes)).upload.sync());
    } else if (name === 'statvfs@openssh.com') {
      this.#answer(id, async () => {
        const reply = statvfsReply(await statfs(this.#deps.spoolDir));
        return this.#reply(() => this.#channel.extendedReply(id, reply));
      });
    } else {
      this.#refuse(id, new SftpRefusal(SFTP_STATUS.OP_UNSUPPORTED, 'This extension is not offered.'));
    }
  }

  #replyLimits(id: number): true {
    const { packet, read, write } = PACKET_LIMITS;
    const values = [packet, read, write, this.#deps.limits.handlesPerSession].map(uint64);
    return this.#reply(() => this.#channel.extendedReply(id, ...values));
  }

  /** The client ended its side. What it asked for before is still answered, then the channel ends. */
  #finish(): void {
    this.#endRequests();
    if (this.#pending === 0) this.#exit();
  }

  #exit(): void {
    this.#reply(() => this.#channel.exit());
  }
}
