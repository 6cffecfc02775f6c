import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  type IAMClient,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { PolicyDocument } from '@callbay/core';
import type { S3Key } from '@callbay/ingestion';
import { isSameDocument } from './same-document.ts';
import { orNone, StepError } from './step-error.ts';

const PATH = '/callbay/';
const POLICY = 'callbay-drop';

/** Throws where a user of that name is not one of ours. */
export async function makeUser(iam: IAMClient, userName: string, tenantId: string): Promise<void> {
  const found = (await orNone(iam.send(new GetUserCommand({ UserName: userName }))))?.User;
  if (found !== undefined && found.Path !== PATH)
    throw new StepError('USER_TAKEN', `There is a user ${userName} that Callbay did not make.`);
  if (found !== undefined) return;
  const Tags = [{ Key: 'callbay-tenant', Value: tenantId }];
  await iam.send(new CreateUserCommand({ UserName: userName, Path: PATH, Tags }));
}

export async function writeUserPolicy(
  iam: IAMClient,
  userName: string,
  policy: PolicyDocument,
): Promise<void> {
  const place = { UserName: userName, PolicyName: POLICY };
  const read = async (): Promise<unknown> => {
    const text = (await orNone(iam.send(new GetUserPolicyCommand(place))))?.PolicyDocument;
    return text === undefined ? null : (JSON.parse(decodeURIComponent(text)) as unknown);
  };
  if (isSameDocument(await read(), policy)) return;
  await iam.send(new PutUserPolicyCommand({ ...place, PolicyDocument: JSON.stringify(policy) }));
  if (!isSameDocument(await read(), policy))
    throw new StepError('NOT_KEPT', 'The user did not keep its policy.');
}

/** Ids of a user's keys, oldest first. */
async function listKeys(iam: IAMClient, userName: string): Promise<string[]> {
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName: userName }));
  return [...AccessKeyMetadata]
    .sort((a, b) => (a.CreateDate?.getTime() ?? 0) - (b.CreateDate?.getTime() ?? 0))
    .flatMap(({ AccessKeyId }) => AccessKeyId ?? []);
}

async function createKey(iam: IAMClient, userName: string): Promise<S3Key> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: userName }));
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {};
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new StepError('NOT_KEPT', 'The key was not made.');
  return { accessKeyId, secretAccessKey };
}

const endKey = async (iam: IAMClient, userName: string, accessKeyId: string): Promise<void> => {
  await orNone(iam.send(new DeleteAccessKeyCommand({ UserName: userName, AccessKeyId: accessKeyId })));
};

/**
 * A key where the user has none that we know: one that was made by a request whose answer never came has a secret that nobody
 * has, and ends. Null where the known key is in force.
 */
export async function makeKey(
  iam: IAMClient,
  userName: string,
  knownId: string | null,
): Promise<S3Key | null> {
  const ids = await listKeys(iam, userName);
  if (knownId !== null && ids.includes(knownId)) return null;
  for (const id of ids) await endKey(iam, userName, id);
  return createKey(iam, userName);
}

/** Makes the second key of the two that a user may have, then ends the first, or leaves it until the next time. */
export async function rotateKeys(
  iam: IAMClient,
  userName: string,
  { currentId, keepsPrevious }: { readonly currentId: string | null; readonly keepsPrevious: boolean },
): Promise<S3Key> {
  for (const id of await listKeys(iam, userName)) if (id !== currentId) await endKey(iam, userName, id);
  const key = await createKey(iam, userName);
  if (!keepsPrevious && currentId !== null) await endKey(iam, userName, currentId);
  return key;
}

/** Ends a user of ours with all that it has. */
export async function removeUser(iam: IAMClient, userName: string): Promise<void> {
  const found = (await orNone(iam.send(new GetUserCommand({ UserName: userName }))))?.User;
  if (found === undefined || found.Path !== PATH) return;
  for (const id of await listKeys(iam, userName)) await endKey(iam, userName, id);
  await orNone(iam.send(new DeleteUserPolicyCommand({ UserName: userName, PolicyName: POLICY })));
  await orNone(iam.send(new DeleteUserCommand({ UserName: userName })));
}
