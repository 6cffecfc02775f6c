import { once } from 'node:events';
import { promisify } from 'node:util';
import type { SftpUser } from '@callbay/contracts';
import { ssh2 } from '@callbay/sources';
import type { SFTPWrapper } from 'ssh2';
import type { DemoFile } from './demo-files.ts';

export type DemoSession = Awaited<ReturnType<typeof openSession>>;

/** A real SFTP session that checks the server's host key against what the API said it is. */
export async function openSession(user: SftpUser, host: string, privateKey: string) {
  const client = new ssh2.Client();
  const known = new Set(user.hostKeys.map((key) => key.publicKey.split(' ').at(1) ?? key.publicKey));
  client.connect({
    host,
    port: user.port,
    username: user.username,
    privateKey,
    hostVerifier: (key: Buffer) => known.has(key.toString('base64')),
  });
  await once(client, 'ready');
  const sftp = await promisify<SFTPWrapper>(client.sftp.bind(client))();
  return {
    upload: (file: DemoFile): Promise<void> =>
      promisify<string, Buffer, void>(sftp.writeFile.bind(sftp) as never)(`/data/${file.name}`, file.bytes),
    read: (path: string): Promise<Buffer> =>
      promisify<string, Buffer>(sftp.readFile.bind(sftp) as never)(path),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      const closed = once(client, 'close');
      client.end();
      await closed;
    },
  };
}
