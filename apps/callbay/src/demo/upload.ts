import { once } from 'node:events';
import { promisify } from 'node:util';
import type { SftpUser } from '@callbay/contracts';
import { makeKeyPair, ssh2 } from '@callbay/sources';
import type { SFTPWrapper } from 'ssh2';
import type { ApiClient } from '../api-client.ts';
import type { DemoFile } from './demo-files.ts';

/** A tenant's door, as its customer has it open. */
export interface DemoSession extends AsyncDisposable {
  /** Which door it is, to be read after a semicolon. */
  readonly description: string;
  upload(file: DemoFile): Promise<void>;
  /** The receipt of the newest file of a name; null where there is none yet. */
  readReceipt(name: string): Promise<Buffer | null>;
  countFiles(): Promise<Record<'data' | 'processed' | 'rejected', number>>;
}

/** Makes what a customer needs to get in, and opens the door with it. */
export type OpenSession = (api: ApiClient, tenantId: string) => Promise<DemoSession>;

/** A real SFTP session that checks the server's host key against what the API said it is. */
export const openSftpSession =
  (host: string): OpenSession =>
  async (api, tenantId) => {
    const key = makeKeyPair('ed25519');
    const user = await api.call<SftpUser>('POST', `/v1/tenants/${tenantId}/sftp-users`, {
      label: 'demo client',
      publicKey: key.public,
    });
    const client = new ssh2.Client();
    const known = new Set(user.hostKeys.map(({ publicKey }) => publicKey.split(' ').at(1) ?? publicKey));
    client.connect({
      host,
      port: user.port,
      username: user.username,
      privateKey: key.private,
      hostVerifier: (hostKey: Buffer) => known.has(hostKey.toString('base64')),
    });
    await once(client, 'ready');
    const sftp = await promisify<SFTPWrapper>(client.sftp.bind(client))();
    const list = promisify(sftp.readdir.bind(sftp)) as (path: string) => Promise<{ longname: string }[]>;
    const countIn = async (path: string): Promise<number> =>
      (await list(path)).filter(({ longname }) => !longname.startsWith('d')).length;
    return {
      description: `SFTP user ${user.username} at ${host}:${user.port}`,
      upload: (file) =>
        promisify<string, Buffer, void>(sftp.writeFile.bind(sftp) as never)(`/data/${file.name}`, file.bytes),
      readReceipt: (name) =>
        promisify<string, Buffer>(sftp.readFile.bind(sftp) as never)(`/receipts/${name}.json`),
      countFiles: async () => ({
        data: await countIn('/data'),
        processed: await countIn('/data/processed'),
        rejected: await countIn('/data/rejected'),
      }),
      [Symbol.asyncDispose]: async () => {
        const closed = once(client, 'close');
        client.end();
        await closed;
      },
    };
  };
