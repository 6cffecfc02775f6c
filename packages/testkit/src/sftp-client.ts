import { once } from 'node:events';
import { promisify } from 'node:util';
import { ssh2 } from '@callbay/sources';
import type { FileEntryWithStats, OpenMode, SFTPWrapper, Stats } from 'ssh2';
import type { TestSftpUser } from './make-tenant.ts';

/** A real SFTP session, with promises. */
export interface SftpClient extends AsyncDisposable {
  readonly sftp: SFTPWrapper;
  put(name: string, bytes: Buffer | string): Promise<void>;
  get(name: string): Promise<Buffer>;
  /** Names in a folder, sorted. */
  list(folder: string): Promise<string[]>;
  stat(name: string): Promise<Stats>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Opens a name without truncating it, and writes from there on. */
  writeAt(name: string, bytes: Buffer, offset: number): Promise<void>;
  /** `/receipts/<name>.json`, parsed. */
  receipt(
    name: string,
  ): Promise<{ state: string; outcome: { code: string } | null } & Record<string, unknown>>;
  /** Breaks the connection without a word. */
  kill(): void;
}

export async function openSftp(
  port: number,
  user: Pick<TestSftpUser, 'username' | 'privateKey'>,
): Promise<SftpClient> {
  const client = new ssh2.Client();
  client.connect({ host: '127.0.0.1', port, username: user.username, privateKey: user.privateKey });
  // A broken connection may tell of itself twice; `ready` and the SFTP stream's `close` tell whoever waits.
  client.on('error', () => {});
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  client.once('close', () => closed.reject(new Error('the connection closed before it served')));
  await Promise.race([once(client, 'ready'), closed.promise]);
  const sftp = await Promise.race([promisify<SFTPWrapper>(client.sftp.bind(client))(), closed.promise]);
  const write = async (name: string, bytes: Buffer, offset: number, flags: OpenMode): Promise<void> => {
    const handle = await promisify<string, OpenMode, Buffer>(sftp.open.bind(sftp))(name, flags);
    const close = promisify(sftp.close.bind(sftp));
    try {
      for (let at = 0; at < bytes.length; at += 32_000) {
        const part = bytes.subarray(at, at + 32_000);
        await promisify(sftp.write.bind(sftp))(handle, part, 0, part.length, offset + at);
      }
    } catch (error) {
      // As clients do; the write's error is the one to tell.
      await close(handle).catch(() => {});
      throw error;
    }
    await close(handle);
  };
  const get = promisify<string, Buffer>(sftp.readFile.bind(sftp) as never);
  const readdir = promisify<string, FileEntryWithStats[]>(sftp.readdir.bind(sftp));
  return {
    sftp,
    put: (name, bytes) => write(name, Buffer.from(bytes), 0, 'w'),
    get,
    list: async (folder) => (await readdir(folder)).map((entry) => entry.filename).sort(),
    stat: promisify<string, Stats>(sftp.stat.bind(sftp)),
    rename: promisify<string, string, void>(sftp.rename.bind(sftp) as never),
    remove: promisify<string, void>(sftp.unlink.bind(sftp) as never),
    writeAt: (name, bytes, offset) => write(name, bytes, offset, 'r+'),
    receipt: async (name) => JSON.parse((await get(`/receipts/${name}.json`)).toString('utf8')),
    kill: () => void client.destroy(),
    [Symbol.asyncDispose]: async () => {
      const closed = once(client, 'close');
      client.end();
      await closed;
    },
  };
}
