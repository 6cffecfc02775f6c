import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BackupError, folderBytes, readManifest, restoreBackup, writeBackup } from '../src/index.ts';
import { sortByReference } from '../src/tables.ts';

// A schema with what makes copying hard: references against the alphabet, a sequence, a generated column, arrays, odd
// values, and a trigger that must not run again.
const schema = `
  CREATE TABLE _prisma_migrations (migration_name text, checksum text, finished_at timestamptz, rolled_back_at timestamptz);
  INSERT INTO _prisma_migrations VALUES ('1_init', 'abc', now(), NULL);
  CREATE TABLE tenants (id text PRIMARY KEY, settings jsonb);
  CREATE TABLE calls (tenant_id text REFERENCES tenants, id bigserial, tags text[], note text, at timestamptz,
    shout text GENERATED ALWAYS AS (upper(note)) STORED, PRIMARY KEY (tenant_id, id));
  CREATE TABLE told (what text);
  CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO told VALUES (''called''); RETURN NEW; END';
  CREATE TRIGGER tell AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION tell()`;
const rows = `
  INSERT INTO tenants VALUES ('acme', '{"a": "\\\\ \\"quoted\\" \\n"}'), ('Zeta', NULL), ('émile', '[]');
  INSERT INTO calls (tenant_id, tags, note, at)
    SELECT 'acme', ARRAY['a,b', NULL, '{"'], 'line' || chr(10) || chr(9) || '\\N ü ' || n, '2026-03-08T07:00:00.123456Z'
      FROM generate_series(1, 2000) n;
  DELETE FROM told; INSERT INTO told VALUES ('before')`;

let home: string;
let server: EmbeddedPostgres;
let count = 0;
const secretKey = randomBytes(32);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'callbay-backup-'));
  server = await startEmbeddedPostgres({ home: join(home, 'server'), isThrowaway: true });
  await query(await server.createDatabase('shape'), schema);
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

async function query(connectionString: string, sql: string, applicationName = 'test') {
  const client = new pg.Client({ connectionString, application_name: applicationName });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

interface Place {
  readonly connectionString: string;
  readonly blobsFolder: string;
  readonly keyFiles: Record<string, string>;
}

async function makePlace(): Promise<Place> {
  count += 1;
  const folder = join(home, `place-${count}`);
  await mkdir(folder);
  return {
    connectionString: await server.createDatabase(`place_${count}`, 'shape'),
    blobsFolder: join(folder, 'blobs'),
    keyFiles: { 'secret.key': join(folder, 'secret.key') },
  };
}

async function writeTree(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const everything = async ({ connectionString }: Place) => ({
  tenants: await query(connectionString, 'SELECT * FROM tenants ORDER BY id'),
  calls: await query(connectionString, 'SELECT * FROM calls ORDER BY id'),
  told: await query(connectionString, 'SELECT * FROM told'),
});

const digestOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
const big = randomBytes(3 * 1024 * 1024 + 17);
const longName = `${'n'.repeat(180)}.wav`;
let source: Place;
let file: string;

beforeEach(async () => {
  source = await makePlace();
  file = join(dirname(source.blobsFolder), 'a.callbay');
  await query(source.connectionString, rows);
  await writeTree(source.blobsFolder, { 'acme/1': 'one', 'acme/empty': '', [`zeta/${longName}`]: big });
  await writeTree(dirname(source.blobsFolder), { 'secret.key': 'the key' });
});

const backup = (more: Partial<Parameters<typeof writeBackup>[0]> = {}) =>
  writeBackup({
    ...source,
    bytes: folderBytes(source.blobsFolder),
    file,
    secretKey,
    now: new Date('2026-01-01T00:00:00Z'),
    ...more,
  });
const restore = (target: Place, more: Partial<Parameters<typeof restoreBackup>[0]> = {}) =>
  restoreBackup({ ...target, bytes: folderBytes(target.blobsFolder), file, secretKey: null, ...more });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: BackupError) => error.code,
  );
const isUntouched = async (target: Place): Promise<void> => {
  expect(await query(target.connectionString, 'SELECT 1 FROM tenants')).toEqual([]);
  expect(await readdir(target.blobsFolder).catch(() => [])).toEqual([]);
};

test('rows, blobs, keys and sequences come back as they were, and triggers do not run again', async () => {
  expect(await backup()).toMatchObject({ rows: 2004, blobs: 3 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const target = await makePlace();
  expect(await restore(target)).toMatchObject({
    rows: 2004,
    blobs: 3,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  expect(await everything(target)).toEqual(await everything(source));
  expect(await digestOf(join(target.blobsFolder, 'zeta', longName))).toBe(
    createHash('sha256').update(big).digest('hex'),
  );
  expect(await readFile(join(target.blobsFolder, 'acme/1'), 'utf8')).toBe('one');
  expect((await stat(join(target.blobsFolder, 'acme/empty'))).size).toBe(0);
  expect(await readFile(target.keyFiles['secret.key'] ?? '', 'utf8')).toBe('the key');
  const [next] = await query(
    target.connectionString,
    "INSERT INTO calls (tenant_id) VALUES ('acme') RETURNING id",
  );
  expect(next).toEqual({ id: '2001' });
  expect(await query(target.connectionString, 'SELECT count(*)::int AS n FROM told')).toEqual([{ n: 2 }]);
});

test('a table larger than one chunk comes back whole', async () => {
  await query(
    source.connectionString,
    "INSERT INTO calls (tenant_id, note) SELECT 'acme', repeat(md5(n::text), 400) FROM generate_series(1, 2500) n",
  );
  const written = await backup();
  expect(written.rows).toBe(7004);
  const target = await makePlace();
  expect((await restore(target)).rows).toBe(7004);
});

test('a backup is one instant: what is committed while it runs is not in it', async () => {
  let wrote: Promise<unknown> | null = null;
  await backup({
    onProgress: () => {
      wrote ??= query(source.connectionString, "INSERT INTO tenants VALUES ('late', NULL)");
    },
  });
  await wrote;
  const target = await makePlace();
  await restore(target);
  expect(await query(target.connectionString, "SELECT 1 FROM tenants WHERE id = 'late'")).toEqual([]);
});

test('a file that is there is not overwritten, and a failed backup leaves none', async () => {
  await backup();
  expect(await codeOf(backup())).toBe('FILE_EXISTS');
  const elsewhere = join(dirname(file), 'b.callbay');
  await query(source.connectionString, 'ALTER TABLE calls RENAME COLUMN note TO remark');
  await query(source.connectionString, 'DROP TABLE _prisma_migrations');
  await expect(backup({ file: elsewhere })).rejects.toThrow();
  expect((await readdir(dirname(file))).filter((name) => name.includes('b.callbay'))).toEqual([]);
});

test('a backup into a folder that is not there says so', async () => {
  const nowhere = join(dirname(file), 'nowhere', 'b.callbay');
  await expect(backup({ file: nowhere })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a target that holds rows or blobs is refused, unless forced, and then replaced whole', async () => {
  await backup();
  const full = await makePlace();
  await query(full.connectionString, "INSERT INTO tenants VALUES ('old', NULL)");
  expect(await codeOf(restore(full))).toBe('NOT_EMPTY');
  const blobby = await makePlace();
  await writeTree(blobby.blobsFolder, { 'old/1': 'x' });
  expect(await codeOf(restore(blobby))).toBe('NOT_EMPTY');
  await query(blobby.connectionString, "INSERT INTO tenants VALUES ('old', NULL)");
  await restore(blobby, { isForced: true });
  expect(await everything(blobby)).toEqual(await everything(source));
  expect((await readdir(blobby.blobsFolder)).sort()).toEqual(['acme', 'zeta']);
});

test('another schema is refused and nothing is touched', async () => {
  await backup();
  const newer = await makePlace();
  await query(newer.connectionString, "INSERT INTO _prisma_migrations VALUES ('2_more', 'def', now(), NULL)");
  expect(await codeOf(restore(newer))).toBe('WRONG_VERSION');
  await isUntouched(newer);
});

test('another secret key is refused, the same one is not', async () => {
  await backup();
  const target = await makePlace();
  expect(await codeOf(restore(target, { secretKey: randomBytes(32) }))).toBe('WRONG_KEY');
  expect(await codeOf(restore(target, { secretKey }))).toBe('none');
});

test('a target that Callbay works on is refused', async () => {
  await backup();
  const target = await makePlace();
  const worker = new pg.Client({
    connectionString: target.connectionString,
    application_name: 'callbay-pipeline',
  });
  await worker.connect();
  expect(await codeOf(restore(target))).toBe('IN_USE');
  await worker.end();
});

test('a file cut short anywhere, or with one byte changed, restores nothing', async () => {
  const { sizeBytes } = await backup();
  const whole = await readFile(file);
  const target = await makePlace();
  for (const part of [0.2, 0.5, 0.9]) {
    await truncate(file, Math.floor(sizeBytes * part));
    expect(['DAMAGED', 'NOT_A_BACKUP']).toContain(await codeOf(restore(target)));
    await writeFile(file, whole);
  }
  const at = whole.indexOf(big.subarray(0, 64)) + 100;
  whole[at] = (whole[at] ?? 0) ^ 1;
  await writeFile(file, whole);
  expect(await codeOf(restore(target))).toBe('DAMAGED');
  await isUntouched(target);
});

test('a file that is no backup is refused', async () => {
  await writeFile(file, randomBytes(4096));
  expect(['NOT_A_BACKUP', 'DAMAGED']).toContain(await codeOf(readManifest(file)));
  await writeFile(file, '');
  expect(await codeOf(readManifest(file))).toBe('NOT_A_BACKUP');
});

test('tables are written after those they refer to, and a circle is refused', () => {
  const order = sortByReference(
    ['a', 'b', 'c'],
    [
      { from: 'a', to: 'c' },
      { from: 'c', to: 'b' },
    ],
  );
  expect(order).toEqual(['b', 'c', 'a']);
  expect(() =>
    sortByReference(
      ['a', 'b'],
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a' },
      ],
    ),
  ).toThrow();
});
