import type { ApiKey, Call, FileView, SftpKey, SftpUser, Tenant } from '@callbay/contracts';
import type { ApiClient } from './api-client.ts';
import { CommandError } from './exit-codes.ts';
import { type PickOptions, pickOne } from './pick-one.ts';

/** A path segment out of an id that somebody typed. */
export const segment = encodeURIComponent;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TENANT_ID = /^[a-z][a-z0-9-]{1,30}$/;
const MAX_LISTED = 5_000;
/** File names are searched by the API; of the newest versions found, the different names are listed. */
const MAX_FILES = 200;

type Whole = Pick<PickOptions, 'isWhole'>;

/** The id of the tenant that `text` is the id or the name of, or a part of one. */
export async function findTenant(api: ApiClient, text: string, whole: Whole = {}): Promise<string> {
  if (TENANT_ID.test(text) && (await isTenant(api, text))) return text;
  const tenants = await api.list<Tenant>('/v1/tenants', MAX_LISTED);
  const candidates = tenants.map(({ id, name }) => ({ id, names: [name] }));
  return pickOne(text, candidates, { what: 'tenant', ...whole });
}

/** Asked first, because most people type the id: no list is read then. */
async function isTenant(api: ApiClient, text: string): Promise<boolean> {
  try {
    await api.call('GET', tenantPath(text));
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.status === 404) return false;
    throw error;
  }
}

export const tenantPath = (tenantId: string): string => `/v1/tenants/${segment(tenantId)}`;

/** The newest file of a name, or of the only name that `text` is a part of. */
export async function findFile(api: ApiClient, path: string, text: string): Promise<string> {
  if (UUID.test(text)) return text;
  const [newest] = await api.list<FileView>(`${path}/files?${new URLSearchParams({ name: text })}`, 1);
  if (newest) return newest.id;
  const files = await api.list<FileView>(`${path}/files?${new URLSearchParams({ q: text })}`, MAX_FILES);
  const names = new Map<string, string>();
  // Newest first, so that the first of a name stays.
  for (const { id, name } of files) if (!names.has(name)) names.set(name, id);
  const candidates = [...names.keys()].map((name) => ({ id: name, names: [] }));
  return names.get(pickOne(text, candidates, { what: 'file' }))!;
}

/** The number of a call, given by its number, its key or words that only this call holds. */
export async function findCall(api: ApiClient, path: string, text: string): Promise<number> {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  const calls = await api.list<Call>(`${path}/calls?${new URLSearchParams({ q: text })}`, MAX_FILES);
  if (calls.length === 1) return calls[0]!.callId;
  const candidates = calls.map(({ callId, callKey, startedAt }) => ({
    id: `${callId}`,
    // All of them hold the words: their start shows people which is which.
    names: [callKey, `${text} ${startedAt}`],
  }));
  return Number(pickOne(text, candidates, { what: 'call' }));
}

export async function findSftpUser(
  api: ApiClient,
  path: string,
  text: string,
  whole: Whole = {},
): Promise<string> {
  const users = await api.list<SftpUser>(`${path}/sftp-users`, MAX_LISTED);
  const candidates = users.map(({ username, label }) => ({ id: username, names: [label] }));
  return pickOne(text, candidates, { what: 'SFTP user', ...whole });
}

export async function findSftpKey(api: ApiClient, userPath: string, text: string): Promise<string> {
  const keys = await api.list<SftpKey>(`${userPath}/keys`, MAX_LISTED);
  const candidates = keys.map(({ id, label, fingerprint }) => ({ id, names: [label, fingerprint] }));
  return pickOne(text, candidates, { what: 'key', isWhole: true });
}

export async function findApiKey(api: ApiClient, text: string): Promise<string> {
  const keys = await api.list<ApiKey>('/v1/api-keys', MAX_LISTED);
  const candidates = keys.map(({ id, label }) => ({ id, names: [label] }));
  return pickOne(text, candidates, { what: 'API key', isWhole: true });
}

/** An id that is typed as it was listed. */
export function assertUuid(text: string, what: string, command: string): string {
  if (UUID.test(text)) return text;
  throw new CommandError(`\`${text}\` is not the id of a ${what}: \`${command}\` lists the ids`);
}
