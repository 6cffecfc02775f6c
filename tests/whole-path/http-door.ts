import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { FileView, List } from '@callbay/contracts';
import { createHttpApi } from '@callbay/http';
import { createSampler, makeApiKey } from '@callbay/ingestion';
import { createApiStores, createDropView } from '@callbay/postgres';
import type { UploadDoorDeps } from '@callbay/sources';
import { makeTenant, openUploadDoor, type RunningCallbay } from '@callbay/testkit';
import type { Door } from './doors.ts';

/** The door over HTTP, with the requests that its senders make. */
export interface HttpDoor extends Door {
  /** Of a key that may only send. */
  ask(method: string, path: string, body?: Buffer, headers?: Record<string, string>): Promise<Response>;
  readonly url: string;
  readonly key: string;
}

/** Opens it for a tenant, with an API of its own. */
export async function openHttpDoor(
  { db, blobs, deps, spoolDir, settle }: RunningCallbay,
  given?: string,
  changes: Partial<UploadDoorDeps> = {},
): Promise<HttpDoor> {
  const tenantId = given ?? (await makeTenant(db));
  const stores = createApiStores(db, { seal: (text) => text, unseal: (sealed) => sealed });
  const { queue } = deps;
  const sampler = createSampler({ processes: 1 });
  const where = { db, blobs, queue, spoolDir: join(spoolDir, 'http') };
  const api = await createHttpApi(
    {
      ...stores,
      blobs,
      queue,
      uploads: openUploadDoor(where, changes),
      view: createDropView(db),
      feedTarget: {
        probe: async () => {
          throw new Error('no feed is tested here');
        },
      },
      sampler,
      checks: {},
      metrics: { contentType: 'text/plain', text: async () => '' },
    },
    { tokenKey: new Uint8Array(32), sftp: { host: '127.0.0.1', port: 22 } },
  );
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const keyOf = async (role: 'sender' | 'tenant') => {
    const { id, key, digest } = makeApiKey();
    const credential = { id, form: 'key', role, tenantIds: [tenantId], label: 'recorder', digest } as const;
    const by = { name: 'tests', remoteAddress: null };
    await stores.keys.createCredential({ ...credential, expires: { at: null } }, by);
    return key;
  };
  const [key, reader] = [await keyOf('sender'), await keyOf('tenant')];
  const path = `${url}/v1/tenants/${tenantId}`;
  const ask: HttpDoor['ask'] = (method, rest, body, headers = {}) =>
    fetch(`${path}${rest}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
  const refused = async (response: Response): Promise<Error> => {
    const { code } = (await response.json()) as { code: string };
    return new Error(code);
  };
  const list = async (): Promise<FileView[]> => {
    const response = await fetch(`${path}/files?limit=500`, {
      headers: { authorization: `Bearer ${reader}` },
    });
    const { items } = (await response.json()) as List<FileView>;
    return items.filter(({ drop }) => drop === 'api');
  };
  const idOf = async (name: string): Promise<string> => {
    const file = (await list()).find((each) => each.name === name);
    if (file === undefined) throw new Error(`${name} was not received`);
    return file.id;
  };
  return {
    tenantId,
    url,
    key,
    ask,
    put: async (name, bytes) => {
      const response = await ask('POST', `/files?${new URLSearchParams({ name })}`, Buffer.from(bytes));
      if (!response.ok) throw await refused(response);
    },
    begin: async (name, bytes, sizeBytes) => {
      const upload = `/uploads/${randomUUID()}?${new URLSearchParams({ name })}`;
      const send = async (part: Buffer, start: number, sizeBytes: number) => {
        const range = `bytes ${start}-${start + part.length - 1}/${sizeBytes}`;
        const response = await ask('PUT', upload, part, { 'content-range': range });
        if (!response.ok) throw await refused(response);
      };
      await send(bytes, 0, sizeBytes);
      return { finish: (rest) => send(rest, bytes.length, sizeBytes) };
    },
    rename: async () => {
      throw new Error('requests rename nothing');
    },
    remove: async (name) => {
      const response = await ask('DELETE', `/files/${await idOf(name)}`);
      if (!response.ok) throw await refused(response);
    },
    list: async (folder) =>
      (await list())
        .filter(({ state, purgedAt }) => purgedAt === null && state !== 'withdrawn')
        .map(({ location }) => location ?? '')
        .filter((location) => location.startsWith(`/${folder}/`))
        .map((location) => location.slice(folder.length + 2))
        .sort(),
    receipt: async (name) => {
      const [, base = name, earlier = '0'] = /^(.*)~(\d+)$/.exec(name) ?? [];
      const versions = (await list()).filter((each) => each.name === base);
      const file = earlier === '0' ? versions[0] : versions.at(-Number(earlier));
      const response = await ask('GET', `/files/${file?.id}`);
      return (await response.json()) as FileView;
    },
    settle,
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await sampler[Symbol.asyncDispose]();
    },
  };
}
