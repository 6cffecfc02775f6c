import { expect, test } from 'vitest';
import {
  checkPrincipal,
  dropDocuments,
  dropPlaceOf,
  isStatementOf,
  judgeObject,
  objectKeyOf,
  readObjectKey,
  readS3Message,
  S3_STEPS,
  type S3Step,
  stateOfSteps,
  withStep,
} from '../../src/index.ts';

const record = (key: string, more: object = {}, object: object = {}) => ({
  eventSource: 'aws:s3',
  eventName: 'ObjectCreated:Put',
  s3: { bucket: { name: 'b' }, object: { key, versionId: 'v', size: 1, ...object } },
  ...more,
});
const read = (...records: unknown[]) => readS3Message(JSON.stringify({ Records: records }));
const keysOf = (message: ReturnType<typeof readS3Message>) =>
  message.kind === 'objects' ? message.objects.map(({ key }) => key) : message.kind;

test.each([
  ['a+b.wav', 'aws:s3', 'a b.wav'],
  ['a%2Bb.wav', 'aws:s3', 'a+b.wav'],
  ['a%2520b', 'aws:s3', 'a%20b'],
  ['%C3%A9.wav', 'minio:s3', 'é.wav'],
  ['data%2Fa.wav', 'minio:s3', 'data/a.wav'],
  ['a+b%20.wav', 'ceph:s3', 'a+b%20.wav'],
  ['100%', 'aws:s3', '100%'],
])('case 94: the key %s of %s is %s', (key, eventSource, expected) => {
  expect(keysOf(read(record(key, { eventSource })))).toEqual([expected]);
});

test('a key that was decoded is kept as it was written, too', () => {
  const message = read(record('a+b'));
  expect(message).toEqual({
    kind: 'objects',
    objects: [{ bucket: 'b', key: 'a b', rawKey: 'a+b', versionId: 'v' }],
  });
  expect(read(record('a', { eventSource: 'ceph:s3' }, { versionId: '' }))).toMatchObject({
    objects: [{ key: 'a', rawKey: null, versionId: null }],
  });
});

test('records may be wrapped by SNS, and EventBridge has its own form with keys as they are', () => {
  const sns = JSON.stringify({ Type: 'Notification', Message: JSON.stringify({ Records: [record('a')] }) });
  expect(keysOf(readS3Message(sns))).toEqual(['a']);
  const bridge = (type: string) =>
    JSON.stringify({
      source: 'aws.s3',
      'detail-type': type,
      detail: { bucket: { name: 'b' }, object: { key: 'a+b%20', 'version-id': 'v' } },
    });
  expect(keysOf(readS3Message(bridge('Object Created')))).toEqual(['a+b%20']);
  expect(keysOf(readS3Message(bridge('Object Deleted')))).toEqual([]);
});

test.each([
  ['', 'junk'],
  ['null', 'junk'],
  ['[]', 'junk'],
  ['{"Records":1}', 'junk'],
  ['{"a":1}', 'junk'],
  ['{"Event":"s3:TestEvent","Bucket":"b"}', 'test'],
  [JSON.stringify({ Records: Array.from({ length: 1_001 }, () => record('a')) }), 'junk'],
])('case 94: the message %.40s is %s', (text, kind) => {
  expect(readS3Message(text).kind).toBe(kind);
});

test('envelopes in envelopes end, and odd records are left out', () => {
  let text = JSON.stringify({ Records: [record('a')] });
  for (let n = 0; n < 5; n += 1) text = JSON.stringify({ Type: 'Notification', Message: text });
  expect(readS3Message(text).kind).toBe('junk');
  const odd = [null, 1, {}, { s3: 1 }, { eventName: 'ObjectCreated:Put', s3: { object: { key: 7 } } }];
  expect(keysOf(read(...odd, record('a'), record('b', { eventName: 'ObjectRemoved:Delete' })))).toEqual([
    'a',
  ]);
});

test.each([
  ['', 'data/a.wav', 'file a.wav'],
  ['', 'data/a/b.wav', 'file a/b.wav'],
  ['', 'data/', 'folder'],
  ['', 'data/x/', 'folder'],
  ['', 'datax/a', 'outside'],
  ['', 'processed/a', 'outside'],
  ['acme/', 'acme/data/a', 'file a'],
  ['acme/', 'acme2/data/a', 'outside'],
  ['acme/', 'data/a', 'outside'],
])('below %j the key %s is %s', (prefix, key, expected) => {
  const found = readObjectKey(prefix, key);
  expect(found.kind === 'file' ? `file ${found.name}` : found.kind).toBe(expected);
});

test('a name that makes a key too long gives way', () => {
  expect(objectKeyOf('', 'rejected', 'é'.repeat(510), 'id')).toBe('rejected/id');
  expect(objectKeyOf('', 'rejected', 'a.wav', 'id')).toBe('rejected/a.wav');
});

test.each([
  ['*', false, true, 'one user'],
  ['arn:aws:iam::123456789012:user/*', false, true, 'one user'],
  ['arn:aws:sts::123456789012:assumed-role/a/b', false, true, 'session'],
  ['arn:aws:iam::123456789012:root', false, true, 'allowAccountRoot'],
  ['123456789012', false, true, 'allowAccountRoot'],
  ['arn:aws:iam::123456789012:root', true, true, null],
  ['arn:aws:iam::123456789012:user/acme', false, true, null],
  ['arn:aws-cn:iam::123456789012:role/path/acme', false, true, null],
  ['arn:aws:iam::123456789012:group/acme', false, true, 'users and roles'],
  ['arn:aws:iam:::user/acme', false, true, '12 digits'],
  ['arn:aws:iam:::user/acme', false, false, null],
  ['arn:aws:iam::tenant:user/acme', false, false, null],
  ['acme', false, true, 'ARN'],
  ['arn:aws:s3:::bucket', false, true, 'ARN'],
])('the principal %s (root %s, AWS %s)', (arn, allowAccountRoot, isAws, problem) => {
  const found = checkPrincipal(arn, { allowAccountRoot, isAws });
  if (problem === null) expect(found).toBeNull();
  else expect(found).toContain(problem);
});

test.each([
  ['a.wav', { sizeBytes: 1 }, null],
  ['a.wav', { sizeBytes: 2 ** 31 }, null],
  ['a.wav', { sizeBytes: 2 ** 31 + 1 }, 'TOO_LARGE'],
  ['a/b.wav', { sizeBytes: 1 }, 'NAME_INVALID'],
  ['a.wav', { sizeBytes: 0, isSealedByCustomer: true }, 'OBJECT_UNREADABLE'],
  ['a.wav', { sizeBytes: 1, storageClass: 'GLACIER' }, 'OBJECT_UNREADABLE'],
  [
    'a.wav',
    { sizeBytes: 1, storageClass: 'GLACIER', restore: 'ongoing-request="false", expiry-date="x"' },
    null,
  ],
  [
    'a.wav',
    { sizeBytes: 1, storageClass: 'GLACIER', restore: 'ongoing-request="true"' },
    'OBJECT_UNREADABLE',
  ],
  ['a.wav', { sizeBytes: 1, storageClass: 'GLACIER_IR' }, null],
])('case 24: the object %s with %j', (name, facts, code) => {
  expect(judgeObject(name, facts, 2 ** 31)?.code ?? null).toBe(code);
});

test('a drop is ready when all steps are there, and failed when one is', () => {
  const at = '2026-03-02T10:00:00.000Z';
  let steps: S3Step[] = [];
  expect(stateOfSteps(steps)).toBe('provisioning');
  for (const step of [...S3_STEPS].reverse()) steps = withStep(steps, { step, state: 'done', at });
  expect(steps.map(({ step }) => step)).toEqual(S3_STEPS);
  expect(stateOfSteps(steps)).toBe('ready');
  steps = withStep(steps, { step: 'queue', state: 'failed', at });
  expect(stateOfSteps(steps)).toBe('failed');
  expect(steps).toHaveLength(S3_STEPS.length);
});

const input = {
  tenantId: 'acme-1',
  place: { bucket: 'callbay-acme-1', prefix: '' },
  partition: 'aws',
  account: '123456789012',
  principalArn: null,
  ownArn: null,
  requiresTls: true,
  target: { kind: 'queue', arn: 'arn:aws:sqs:eu-central-1:123456789012:callbay-drop' },
  queueBuckets: 'callbay-*',
} as const;

test('a user of ours has a policy of its own, and the bucket lets nobody else in', () => {
  const { userPolicy, bucketPolicy, queuePolicy, notification } = dropDocuments(input);
  expect(bucketPolicy.Statement.map(({ Effect }) => Effect)).toEqual(['Deny']);
  const write = userPolicy?.Statement.find(({ Sid }) => Sid.endsWith('WriteData'));
  expect(write?.Resource).toBe('arn:aws:s3:::callbay-acme-1/data/*');
  expect(userPolicy?.Statement.flatMap(({ Action }) => Action)).not.toContain('s3:DeleteObjectVersion');
  expect(queuePolicy?.Statement[0]?.Condition).toEqual({
    StringEquals: { 'aws:SourceAccount': '123456789012' },
    ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::callbay-*' },
  });
  expect(notification).toMatchObject({ Events: ['s3:ObjectCreated:*'], prefix: 'data/' });
});

test('a principal stands in the policy of the bucket, and in a shared one sees its own part only', () => {
  const principalArn = 'arn:aws:iam::123456789012:role/acme';
  const own = dropDocuments({ ...input, principalArn });
  expect(own.userPolicy).toBeNull();
  const list = (documents: typeof own) =>
    documents.bucketPolicy.Statement.find(({ Sid }) => Sid.endsWith('ListDrop'));
  expect(list(own)?.Condition).toBeUndefined();
  const shared = dropDocuments({ ...input, principalArn, place: { bucket: 'all', prefix: 'acme-1/' } });
  expect(list(shared)?.Condition).toMatchObject({
    StringLike: { 's3:prefix': expect.arrayContaining(['acme-1/data/*']) },
  });
  for (const { Sid } of shared.bucketPolicy.Statement) {
    expect(isStatementOf('acme-1', Sid)).toBe(true);
    expect(isStatementOf('acme', Sid)).toBe(false);
  }
});

test('receipts outlive the 30 days that they are promised for', () => {
  const days = dropDocuments(input).lifecycle.Rules.map(({ ID, Expiration }) => [ID, Expiration]);
  expect(Object.fromEntries(days)).toMatchObject({
    'callbay-expire-data': { Days: 15 },
    'callbay-expire-receipts': { Days: 32 },
    'callbay-delete-markers': { ExpiredObjectDeleteMarker: true },
  });
});

test('the name of a bucket has at most 63 characters, whatever the tenant', () => {
  const names = { bucketPrefix: 'p'.repeat(31), sharedBucket: null };
  expect(dropPlaceOf(names, 't'.repeat(31)).bucket.length).toBeLessThanOrEqual(63);
  expect(dropPlaceOf({ ...names, sharedBucket: 'all' }, 'acme')).toEqual({ bucket: 'all', prefix: 'acme/' });
});
