import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword } from '@callbay/ingestion';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ssh2 } from '../src/sftp/ssh2.ts';
import { isInstalled, run, SSH_OPTIONS, scp, sftp } from './commands.ts';
import { type Fixture, startFixture, until } from './fixture.ts';

const has = (command: string): boolean => !isInstalled(command);
const PYTHON = '/usr/bin/python3';
const hasParamiko = existsSync(PYTHON) && (await run(PYTHON, ['-c', 'import paramiko'])).code === 0;
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const PASSWORD = 'correct horse';

describe('real clients', () => {
  let drop: Fixture;
  let local: string;
  const received = (name: string) => drop.drop.files.filter((file) => file.name === name);
  const localFile = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(local, name);
    await writeFile(path, content);
    await utimes(path, 1_700_000_000, 1_700_000_000);
    return path;
  };

  beforeAll(async () => {
    drop = await startFixture({
      account: { passwordHash: await hashPassword(PASSWORD) },
      limits: { rekeyBytes: 2_000_000 },
    });
    local = join(drop.folder, 'local');
    await mkdir(local);
  });
  afterAll(() => drop[Symbol.asyncDispose]());

  test.skipIf(has('sftp'))(
    'sftp puts with times, gets the same bytes, and exits 0 (skipped where sftp is not installed)',
    async () => {
      const content = randomBytes(9_000_000);
      const path = await localFile('sftp.wav', content);
      const back = join(local, 'sftp.back');
      const ran = await sftp(drop, `put -p ${path}\nls -l\nget sftp.wav ${back}\ndf\nquit\n`);
      expect(ran).toMatchObject({ code: 0 });
      expect(sha(await readFile(back))).toBe(sha(content));
      expect(received('sftp.wav')).toMatchObject([
        { sizeBytes: content.length, modifiedAt: new Date(1_700_000_000_000) },
      ]);
      expect(ran.output).toContain('processed');
    },
  );

  test.skipIf(has('sftp'))(
    'sftp writes 261,120 bytes at a time (skipped where sftp is not installed)',
    async () => {
      const path = await localFile('limits.wav', randomBytes(1_000_000));
      const ran = await sftp(drop, `put ${path}\n`, ['-vvv', '-o', 'LogLevel=DEBUG3']);
      expect(ran.output).toContain('261120');
    },
  );

  test.skipIf(has('sftp'))(
    'case 92: sftp mkdir shows why not (skipped where sftp is not installed)',
    async () => {
      const ran = await sftp(drop, 'mkdir sub\n');
      expect(ran.code).toBe(1);
      expect(ran.output).toMatch(/remote mkdir .*: Permission denied/);
    },
  );

  test.skipIf(has('sftp'))(
    'case 89: reput continues what a killed sftp left (skipped where sftp is not installed)',
    async () => {
      const content = randomBytes(6_000_000);
      const path = await localFile('reput.wav', content);
      const half = await drop.connect();
      const handle = await half.open('reput.wav', 'w');
      await half.write(handle, content.subarray(0, 200_000), 0);
      await half.kill();
      await until(async () => (await drop.spooled()).some((spooled) => spooled.includes('partials')));
      expect(await sftp(drop, `reput ${path}\n`)).toMatchObject({ code: 0 });
      expect(received('reput.wav')).toHaveLength(1);
      expect(sha(await drop.bytesOf(received('reput.wav')[0]!))).toBe(sha(content));
    },
  );

  test.skipIf(has('sftp'))(
    'case 107: reput continues what a polite interruption closed early (skipped where sftp is not installed)',
    async () => {
      const content = randomBytes(3_000_000);
      const path = await localFile('polite.wav', content);
      await using client = await drop.connect();
      await client.put('polite.wav', content.subarray(0, 1_000_000).subarray(0, 30_000));
      expect(await sftp(drop, `reput ${path}\n`)).toMatchObject({ code: 0 });
      expect(received('polite.wav').map(({ sizeBytes }) => sizeBytes)).toEqual([30_000, 3_000_000]);
      expect(sha(await drop.bytesOf(received('polite.wav')[1]!))).toBe(sha(content));
    },
  );

  test.skipIf(has('scp'))(
    'case 90: scp of a shorter file over a longer one leaves the new length, and exits 0 (skipped where scp is not installed)',
    async () => {
      const long = await localFile('90.wav', 'long '.repeat(100_000));
      expect(await scp(drop, '-p', long, 'acme-push@127.0.0.1:90.wav')).toMatchObject({ code: 0 });
      await writeFile(long, 'short');
      expect(await scp(drop, long, 'acme-push@127.0.0.1:90.wav')).toMatchObject({ code: 0 });
      expect(await drop.contentOf('90.wav')).toBe('short');
      const back = join(local, '90.back');
      expect(await scp(drop, 'acme-push@127.0.0.1:/data/90.wav', back)).toMatchObject({ code: 0 });
      expect((await readFile(back)).toString()).toBe('short');
    },
  );

  test.skipIf(has('scp'))(
    'the old scp protocol and a shell are refused with a sentence (skipped where scp is not installed)',
    async () => {
      const path = await localFile('legacy.wav', 'x');
      const legacy = await scp(drop, '-O', path, 'acme-push@127.0.0.1:legacy.wav');
      expect(legacy.code).not.toBe(0);
      expect(legacy.output).toContain('SFTP only');
      const shell = await run(
        'ssh',
        [...SSH_OPTIONS, '-i', drop.keyPath, '-p', String(drop.port), 'acme-push@127.0.0.1'],
        '',
      );
      expect(shell).toMatchObject({ code: 1, output: expect.stringContaining('SFTP only') });
    },
  );

  test.skipIf(has('lftp'))(
    'lftp puts, continues, mirrors and sets times (skipped where lftp is not installed)',
    async () => {
      const content = randomBytes(2_000_000);
      const path = await localFile('lftp.wav', content);
      const half = await drop.connect();
      await half.write(await half.open('lftp-more.wav', 'w'), content.subarray(0, 100_000), 0);
      await half.kill();
      await until(async () => (await drop.spooled()).some((spooled) => spooled.includes('partials')));
      const connect = `ssh -a -x ${SSH_OPTIONS.join(' ')} -i ${drop.keyPath}`;
      const script = [
        `set sftp:connect-program "${connect}"`,
        'set net:max-retries 1',
        `open -u acme-push, sftp://127.0.0.1:${drop.port}`,
        `put ${path}`,
        `put -c ${path} -o lftp-more.wav`,
        'ls',
        `get lftp.wav -o ${join(local, 'lftp.back')}`,
        'quit',
      ];
      const ran = await run('lftp', ['-c', script.join('; ')], '', { HOME: local });
      expect(ran, ran.output).toMatchObject({ code: 0 });
      expect(sha(await readFile(join(local, 'lftp.back')))).toBe(sha(content));
      expect(received('lftp-more.wav').map(({ sizeBytes }) => sizeBytes)).toEqual([content.length]);
      expect(sha(await drop.bytesOf(received('lftp-more.wav')[0]!))).toBe(sha(content));
      expect(received('lftp.wav').at(-1)?.modifiedAt.getTime()).toBe(1_700_000_000_000);
    },
  );

  test.skipIf(has('psftp') || has('puttygen'))(
    'psftp puts and gets with a password (skipped where psftp is not installed)',
    async () => {
      const path = await localFile('psftp.wav', randomBytes(500_000));
      const back = join(local, 'psftp.back');
      const fingerprint = (await drop.accounts.loadHostKeys(() => [])).find(
        ({ type }) => type === 'ed25519',
      )!.publicKey;
      const key = ssh2.utils.parseKey(fingerprint);
      if (key instanceof Error) throw key;
      const hash = createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '');
      const args = [
        '-P',
        String(drop.port),
        '-pw',
        PASSWORD,
        '-batch',
        '-hostkey',
        `SHA256:${hash}`,
        '-b',
        join(local, 'psftp.txt'),
      ];
      await writeFile(join(local, 'psftp.txt'), `put ${path} psftp.wav\nget psftp.wav ${back}\nls\nquit\n`);
      const ran = await run('psftp', [...args, 'acme-push@127.0.0.1'], '', { HOME: local });
      expect(ran, ran.output).toMatchObject({ code: 0 });
      expect(sha(await readFile(back))).toBe(sha(await readFile(path)));
      expect(received('psftp.wav')).toHaveLength(1);
    },
  );

  test.skipIf(!hasParamiko)(
    'paramiko puts, renames, appends, reads back and removes (skipped where paramiko is not installed)',
    async () => {
      const ran = await run(PYTHON, [
        join(import.meta.dirname, 'paramiko-client.py'),
        String(drop.port),
        drop.keyPath,
      ]);
      expect(ran, ran.output).toMatchObject({ code: 0 });
      expect(received('paramiko.wav').map(({ sizeBytes }) => sizeBytes)).toEqual([360_000, 360_004]);
    },
  );

  test.skipIf(has('sshfs') || !existsSync('/dev/fuse'))(
    'sshfs writes and reads files (skipped without sshfs and /dev/fuse)',
    async () => {
      const mountPoint = join(local, 'mount');
      await mkdir(mountPoint);
      const options = ['-f', '-o', `IdentityFile=${drop.keyPath}`, ...SSH_OPTIONS];
      const mounted = spawn('sshfs', [
        ...options,
        '-p',
        String(drop.port),
        'acme-push@127.0.0.1:/data',
        mountPoint,
      ]);
      try {
        await until(async () => (await readFile('/proc/mounts', 'utf8')).includes(mountPoint));
        await writeFile(join(mountPoint, 'sshfs.wav'), 'through a file system');
        expect((await stat(join(mountPoint, 'sshfs.wav'))).size).toBe(21);
        expect((await readFile(join(mountPoint, 'sshfs.wav'))).toString()).toBe('through a file system');
        // The kernel sends CLOSE after the writer's close has returned.
        await until(() => received('sshfs.wav').some(({ sizeBytes }) => sizeBytes > 0));
      } finally {
        await run('fusermount', ['-u', mountPoint]);
        mounted.kill();
      }
      expect(await drop.contentOf('sshfs.wav')).toBe('through a file system');
    },
  );

  test('nothing went wrong on our side meanwhile', () => {
    expect(drop.errors).toEqual([]);
  });
});

describe.skipIf(has('rclone'))('rclone (skipped where rclone is not installed)', () => {
  let drop: Fixture;
  let local: string;
  beforeAll(async () => {
    drop = await startFixture();
    local = join(drop.folder, 'local');
    await mkdir(local);
    for (const name of ['one.wav', 'two.wav', 'two.json']) {
      await writeFile(join(local, name), `content of ${name}`);
      await utimes(join(local, name), 1_650_000_000, 1_650_000_000);
    }
  });
  afterAll(() => drop[Symbol.asyncDispose]());

  const rclone = (...args: string[]) => {
    const remote = ['--sftp-host', '127.0.0.1', '--sftp-port', String(drop.port), '--sftp-user', 'acme-push'];
    const quiet = [
      '--sftp-key-file',
      drop.keyPath,
      '--config',
      '/dev/null',
      '--retries',
      '1',
      '--low-level-retries',
      '1',
    ];
    return run('rclone', [...args, ...remote, ...quiet]);
  };
  const ended = (folder: 'processed' | 'rejected') => {
    for (const file of drop.drop.files) if (file.folder === 'data') drop.drop.move(file.name, folder);
  };

  test('case 110: copy twice exits 0 twice and sends nothing twice while the files are there', async () => {
    const first = await rclone('copy', local, ':sftp:/data');
    expect(first, first.output).toMatchObject({ code: 0 });
    const second = await rclone('copy', local, ':sftp:/data');
    expect(second, second.output).toMatchObject({ code: 0 });
    expect(drop.drop.files.map(({ name }) => name).sort()).toEqual(['one.wav', 'two.json', 'two.wav']);
  });

  test('case 110: check against /data/processed is clean, times included', async () => {
    ended('processed');
    const check = await rclone('check', local, ':sftp:/data/processed', '--size-only');
    expect(check, check.output).toMatchObject({ code: 0 });
    const listed = await rclone('lsl', ':sftp:/data/processed');
    expect(listed.output.match(/2022-04-15/g)).toHaveLength(3);
    const dry = await rclone('copy', '--dry-run', local, ':sftp:/data/processed');
    expect(dry.output).not.toContain('Skipped copy');
  });

  test('case 110: copy again after the files have moved on exits 0', async () => {
    const again = await rclone('copy', local, ':sftp:/data');
    expect(again, again.output).toMatchObject({ code: 0 });
    ended('processed');
  });

  test('case 110: sync without excludes exits 0 and deletes nothing of ours', async () => {
    const before = drop.drop.files.length;
    await writeFile(join(local, 'three.wav'), 'three');
    const sync = await rclone('sync', local, ':sftp:/data');
    expect(sync, sync.output).toMatchObject({ code: 0 });
    expect(drop.drop.files.filter(({ isWithdrawn }) => isWithdrawn)).toEqual([]);
    expect(drop.drop.files.length).toBeGreaterThan(before);
    expect(await drop.contentOf('three.wav')).toBe('three');
    await using client = await drop.connect();
    expect(await client.list('/data/processed')).toContain('one.wav');
  });

  test('move, which deletes at the source only, and a file sent to the root', async () => {
    const move = await rclone('copyto', join(local, 'one.wav'), ':sftp:/moved.wav');
    expect(move, move.output).toMatchObject({ code: 0 });
    expect(await drop.contentOf('moved.wav')).toBe('content of one.wav');
    expect(drop.errors).toEqual([]);
  });
});
