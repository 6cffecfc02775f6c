import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureBytes, inspectBytes, makeFolder } from './files.ts';
import { hasFfmpeg, KINDS, makeRecordings } from './recordings.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

/** A title as programs write it, so that nothing in the tag looks like padding. */
const TITLE = 'My Talk with Sam, part 2';

const id3v1 = (): Buffer => {
  const tag = Buffer.alloc(128, ' ');
  tag.write(`TAG${TITLE}`, 'latin1');
  return tag;
};
const extended = (): Buffer => Buffer.concat([Buffer.from('TAG+'.padEnd(227, 'x')), id3v1()]);

const ape = (): Buffer => {
  const value = Buffer.from(TITLE);
  const item = Buffer.concat([Buffer.alloc(8), Buffer.from('Title\0'), value]);
  item.writeUInt32LE(value.length, 0);
  const mark = (flags: number): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.write('APETAGEX', 'latin1');
    bytes.writeUInt32LE(2_000, 8);
    bytes.writeUInt32LE(item.length + 32, 12);
    bytes.writeUInt32LE(1, 16);
    bytes.writeUInt32LE(flags, 20);
    return bytes;
  };
  return Buffer.concat([mark(0xa0000000), item, mark(0x80000000)]);
};

const lyrics2 = (): Buffer => {
  const body = `LYRICSBEGININD0000210EAL00024${TITLE}`;
  return Buffer.from(`${body}${String(body.length).padStart(6, '0')}LYRICS200`);
};
const lyrics1 = (): Buffer => Buffer.from(`LYRICSBEGIN${TITLE.repeat(20)}LYRICSEND`);

const id3v2 = (): Buffer => {
  const body = Buffer.alloc(300, 'A');
  const head = (name: string): Buffer =>
    Buffer.concat([Buffer.from(name), Buffer.from([4, 0, 0x10, 0, 0, 2, 44])]);
  return Buffer.concat([head('ID3'), body, head('3DI')]);
};

const TAILS: readonly (readonly [string, Buffer])[] = [
  ['ID3v1', id3v1()],
  ['extended ID3v1', extended()],
  ['APEv2', ape()],
  ['Lyrics3', lyrics2()],
  ['the first Lyrics3', lyrics1()],
  ['ID3v2 with a footer', id3v2()],
  ['Lyrics3, APEv2 and ID3v1', Buffer.concat([lyrics2(), ape(), id3v1()])],
  ['zeros', Buffer.alloc(500)],
  ['text', Buffer.from(`\r\n-- ${TITLE} --\r\n`.repeat(5))],
  ['bytes that begin like a Matroska block', Buffer.from('a3ffffffe0c1ffff5a5a5a5a'.repeat(9), 'hex')],
];
const TAGS = TAILS.slice(0, 7);

const names = 'wav aiff au mp3 aac flac ogg opus gsm m4a mp4 webm wma wmv avi mpg'.split(' ');

describe('what programs append to a recording is no part of it', () => {
  test.for(TAILS)('%s does not make a recording truncated', async ([, tail]) => {
    const accused: string[] = [];
    for (const ext of names) {
      const bytes = Buffer.concat([fixtureBytes(`call.${ext}`), tail]);
      const { media } = await inspectBytes(folder.path, bytes, ext);
      if (media?.isTruncated !== false) accused.push(ext);
    }
    expect(accused).toEqual([]);
  });

  test.for(TAGS)('%s does not change a duration', async ([, tail]) => {
    for (const ext of names) {
      // GSM is known by nothing but its bytes: a tag there is a frame or two.
      if (ext === 'gsm') continue;
      const whole = await inspectBytes(folder.path, fixtureBytes(`call.${ext}`), ext);
      const tagged = await inspectBytes(folder.path, Buffer.concat([fixtureBytes(`call.${ext}`), tail]), ext);
      expect({ ext, media: tagged.media }).toEqual({ ext, media: whole.media });
    }
  });

  test('a tag of a file that is cut in the middle hides the cut from nobody', async () => {
    for (const ext of ['wav', 'mp3', 'flac', 'ogg', 'm4a', 'webm', 'wma', 'avi']) {
      const bytes = fixtureBytes(`call.${ext}`);
      const cut = Buffer.concat([bytes.subarray(0, Math.floor(bytes.length / 2)), id3v1()]);
      const { media } = await inspectBytes(folder.path, cut, ext);
      expect({ ext, isTruncated: media?.isTruncated }).toEqual({ ext, isTruncated: true });
    }
  });
});

describe.skipIf(!hasFfmpeg)('a live stream', () => {
  beforeAll(() =>
    makeRecordings(
      folder.path,
      { seconds: 3, channels: 1, rate: 16_000 },
      KINDS.filter(({ name }) => name === 'live.webm'),
    ),
  );

  test.for(TAILS)('with %s behind it is whole, and as long as without', async ([, tail]) => {
    const bytes = readFileSync(`${folder.path}/live.webm`);
    const { media } = await inspectBytes(folder.path, Buffer.concat([bytes, tail]), 'webm');
    expect(media).toMatchObject({ isTruncated: false, channels: 1 });
    expect(media?.durationSeconds).toBeCloseTo(3, 1);
  });
});
