import { makeWav, openSftp, type RunningProduct, type SftpClient } from '@callbay/testkit';

/** Seconds of a recording that has 88,044 bytes. */
const RECORDING_SECONDS = 5.5;
const WAV_HEADER_BYTES = 44;

export interface SendingTenant extends AsyncDisposable {
  readonly tenantId: string;
  readonly clients: readonly SftpClient[];
}

/** Makes a tenant and opens its SFTP connections. */
export async function openTenant(
  product: RunningProduct,
  tenantId: string,
  connections: number,
): Promise<SendingTenant> {
  const user = await product.makeTenant(tenantId);
  const clients = await Promise.all(
    Array.from({ length: connections }, () => openSftp(product.sftpPort, user)),
  );
  return {
    tenantId,
    clients,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  };
}

const silence = makeWav({ seconds: RECORDING_SECONDS });

/** The bytes of one pair. No two recordings have the same digest. */
export function makePair(n: number): { readonly stem: string; readonly wav: Buffer; readonly json: string } {
  const wav = Buffer.from(silence);
  wav.writeUInt32LE(n, WAV_HEADER_BYTES);
  const metadata = {
    datetime: '2026-03-02T10:00:00Z',
    email: `rep${n % 50}@acme.test`,
    direction: 'outbound',
    contactName: `Contact ${n}`,
    phone: `+1469${5_000_000 + n}`,
    stage: 'won',
  };
  return { stem: `20260302-100000_outbound_${n}`, wav, json: JSON.stringify(metadata) };
}

/**
 * Sends the pairs `from` to `from + count - 1` as fast as the server takes them: one pair at a time on each connection,
 * both of its files at once. Returns the time of the last acknowledgement in milliseconds since 1970.
 */
export async function sendPairs(tenant: SendingTenant, from: number, count: number): Promise<number> {
  let next = from;
  const lanes = tenant.clients.map(async (client) => {
    while (next < from + count) {
      const { stem, wav, json } = makePair(next++);
      await Promise.all([client.put(`${stem}.wav`, wav), client.put(`${stem}.json`, json)]);
    }
  });
  await Promise.all(lanes);
  return Date.now();
}
