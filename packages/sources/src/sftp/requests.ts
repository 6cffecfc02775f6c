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
import type { Handle, HandleTable } from './handles.ts';
import { PACKET_LIMITS, type SftpLimits } from './limits.ts';
import { canonicalPath, locate, writableName } from './paths.ts';
import { renameFile } from './rename.ts';
import { type SftpChannel, uint64 } from './ssh2-internals.ts';
import { ABSENT, denied, failed, malformed, SFTP_STATUS, SftpRefusal } from './statuses.ts';
import { statLocation } from './view.ts';

/** How and when the session answers. */
export interface Replies {
  /** Runs a request and answers OK, unless `run` has answered by itself, which it says with `true`. */
  answer(id: number, run: () => Promise<unknown>): void;
  /** The same, after all earlier requests on paths: clients rely on the order they sent them in. */
  onPath(id: number, run: () => Promise<unknown>): void;
  /** Counts a request that is answered in another way, until `done`. */
  begin(): void;
  done(): void;
  reply(send: () => void): true;
  refuse(id: number, error: unknown): void;
  /** Runs `task`, whose reply may have so many bytes, once the client has taken enough of those before. */
  pace<T>(bytes: number, task: () => Promise<T>): Promise<T>;
  /** No CLOSE will come any more. */
  readonly isEnded: boolean;
}

/** The connection, as far as requests need it. */
export interface RequestHost {
  /** Who is logged in, as the account is now. */
  login(): Login;
  /** Stops reading the socket until written bytes have gone to disk. */
  pauseForWrites(): void;
  isDraining(): boolean;
  /** Tools that delete what their source lacks do not get to see our folders inside `/data`. */
  readonly hidesOurFolders: boolean;
}

export type RequestDeps = OperationDeps & {
  readonly limits: SftpLimits;
  readonly spoolDir: string;
  readonly isWriteBufferFull: () => boolean;
};

export interface RequestsOptions {
  readonly deps: RequestDeps;
  readonly host: RequestHost;
  readonly session: Replies;
  readonly sftp: SFTPWrapper;
  readonly channel: SftpChannel;
  readonly handles: HandleTable;
}

const ENTRIES_PER_REPLY = 100;
/** An entry has its name twice, and a name has up to 255 bytes. */
const LISTING_BYTES = ENTRIES_PER_REPLY * 640;
const NO_LINKS = 'There are no links here: send the file under each of its names.';

/** What the requests of one SFTP channel do. */
export class Requests {
  readonly #deps: RequestDeps;
  readonly #host: RequestHost;
  readonly #session: Replies;
  readonly #sftp: SFTPWrapper;
  readonly #channel: SftpChannel;
  readonly #handles: HandleTable;

  constructor({ deps, host, session, sftp, channel, handles }: RequestsOptions) {
    this.#deps = deps;
    this.#host = host;
    this.#session = session;
    this.#sftp = sftp;
    this.#channel = channel;
    this.#handles = handles;
  }

  /** Called once. */
  listen(): void {
    const sftp = this.#sftp;
    const whole = <Parts extends unknown[]>(run: (id: number, ...parts: Parts) => void) => this.#whole(run);
    sftp.on(
      'OPEN',
      whole((id, path, flags) => this.#session.onPath(id, () => this.#open(id, path, flags))),
    );
    sftp.on(
      'OPENDIR',
      whole((id, path) => this.#session.onPath(id, () => this.#openListing(id, path))),
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
      whole((id, handle) =>
        this.#session.answer(id, () => this.#session.pace(LISTING_BYTES, () => this.#list(id, handle))),
      ),
    );
    sftp.on(
      'CLOSE',
      whole((id, handle) => this.#session.answer(id, () => this.#close(handle))),
    );
    sftp.on(
      'FSTAT',
      whole((id, handle) => this.#session.answer(id, () => this.#statHandle(id, handle))),
    );
    sftp.on(
      'FSETSTAT',
      whole((id, handle, attrs) => this.#session.answer(id, () => this.#setHandle(handle, attrs))),
    );
    sftp.on(
      'STAT',
      whole((id, path) => this.#session.onPath(id, () => this.#stat(id, path))),
    );
    sftp.on(
      'LSTAT',
      whole((id, path) => this.#session.onPath(id, () => this.#stat(id, path))),
    );
    sftp.on(
      'SETSTAT',
      whole((id, path, attrs) =>
        this.#session.onPath(id, () => setAttributes(this.#deps, this.#account, path, attrs)),
      ),
    );
    sftp.on(
      'REALPATH',
      whole((id, path) => this.#session.onPath(id, () => this.#realPath(id, path))),
    );
    sftp.on(
      'REMOVE',
      whole((id, path) => this.#session.onPath(id, () => removeFile(this.#deps, this.#account, path))),
    );
    sftp.on(
      'RENAME',
      whole((id, from, to) => this.#session.onPath(id, () => this.#rename(from, to, false))),
    );
    sftp.on(
      'MKDIR',
      whole((id, path) =>
        this.#session.onPath(id, () => refuseFolder(this.#deps, this.#account.tenantId, path)),
      ),
    );
    sftp.on('RMDIR', (id) =>
      this.#session.refuse(id, denied('Folders here are kept by the server and cannot be removed.')),
    );
    sftp.on('SYMLINK', (id) => this.#session.refuse(id, denied(NO_LINKS)));
    sftp.on(
      'READLINK',
      whole((id, path) =>
        this.#session.onPath(id, async () => {
          await statPath(this.#deps, this.#account.tenantId, path);
          throw failed('This is not a link.');
        }),
      ),
    );
    sftp.on('EXTENDED', (id, name, bytes) => this.#extended(id, name, bytes ?? Buffer.alloc(0)));
  }

  /** ssh2 passes a part that a packet lacks as undefined, where a later part could be read. */
  #whole<Parts extends unknown[]>(run: (id: number, ...parts: Parts) => void) {
    return (id: number, ...parts: Parts): void => {
      if (parts.includes(undefined)) this.#session.refuse(id, malformed());
      else run(id, ...parts);
    };
  }

  get #account() {
    return this.#host.login().account;
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
    if (this.#session.isEnded) this.#deps.inBackground(letFall(this.#deps, this.#handles.take(handle)));
    return this.#session.reply(() => this.#sftp.handle(id, handle));
  }

  #write(id: number, handle: Buffer, offset: number, bytes: Buffer): void {
    this.#session.begin();
    const settle = (error: Error | null) => {
      if (error === null) this.#session.reply(() => this.#sftp.status(id, SFTP_STATUS.OK));
      else this.#session.refuse(id, error);
      this.#session.done();
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
    this.#session.answer(id, () =>
      this.#session.pace(length, async () => {
        const bytes = await this.#readBytes(this.#handles.get(handle), offset, length);
        if (bytes.length === 0) throw new SftpRefusal(SFTP_STATUS.EOF, 'End of file.');
        return this.#session.reply(() => this.#sftp.data(id, bytes));
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
    return this.#session.reply(() => this.#sftp.name(id, entries));
  }

  async #close(handle: Buffer): Promise<void> {
    const closed = this.#handles.take(handle);
    if (closed.kind === 'upload') await this.#deps.uploads.finish(closed.upload);
    else if (closed.kind === 'download') await closed.download.close();
    else await closed.entries.return(undefined);
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
    return this.#session.reply(() => this.#sftp.attrs(id, attributesOf(stat)));
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
    if (stat === null)
      return this.#session.reply(() => this.#sftp.status(id, SFTP_STATUS.NO_SUCH_FILE, ABSENT));
    return this.#session.reply(() => this.#sftp.attrs(id, attributesOf(stat)));
  }

  async #realPath(id: number, path: string): Promise<true> {
    const filename = canonicalPath(path);
    const attrs = attributesOf({
      isFolder: true,
      isReadOnly: true,
      sizeBytes: 0,
      modifiedAt: this.#deps.startedAt,
    });
    return this.#session.reply(() => this.#sftp.name(id, [{ filename, longname: filename, attrs }]));
  }

  async #rename(from: string, to: string, isReplacing: boolean): Promise<void> {
    const { tenantId, username, temporaryNames } = this.#account;
    const names = { from: writableName(from), to: writableName(to) };
    await renameFile(this.#deps, { tenantId, sentBy: username, ...names, isReplacing, temporaryNames });
  }

  #extended(id: number, name: string, bytes: Buffer): void {
    if (name === 'limits@openssh.com') {
      this.#session.answer(id, async () => this.#replyLimits(id));
    } else if (name === 'posix-rename@openssh.com') {
      this.#session.onPath(id, async () => {
        const { from, to } = posixRenameNames(bytes);
        await this.#rename(from, to, true);
      });
    } else if (name === 'fsync@openssh.com') {
      this.#session.answer(id, async () => this.#uploadOf(fsyncTarget(bytes)).upload.sync());
    } else if (name === 'statvfs@openssh.com') {
      this.#session.answer(id, async () => {
        const reply = statvfsReply(await statfs(this.#deps.spoolDir));
        return this.#session.reply(() => this.#channel.extendedReply(id, reply));
      });
    } else {
      this.#session.refuse(id, new SftpRefusal(SFTP_STATUS.OP_UNSUPPORTED, 'This extension is not offered.'));
    }
  }

  #replyLimits(id: number): true {
    const { packet, read, write } = PACKET_LIMITS;
    const values = [packet, read, write, this.#deps.limits.handlesPerSession].map(uint64);
    return this.#session.reply(() => this.#channel.extendedReply(id, ...values));
  }
}

/** Puts an open handle away whose CLOSE will not come. */
export async function letFall(deps: OperationDeps, handle: Handle): Promise<void> {
  try {
    if (handle.kind === 'upload') await deps.uploads.abandon(handle.upload);
    else if (handle.kind === 'download') await handle.download.close();
    else await handle.entries.return(undefined);
  } catch (error) {
    deps.log.error({ err: error }, 'a handle of a broken session was not put away');
  }
}
