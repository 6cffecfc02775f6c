import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { inspectMedia } from '../src/index.ts';
import { codesOf, fixtureBytes, fixturePath, inspectBytes, inspectFile, makeFolder } from './files.ts';

const folder = makeFolder();
afterAll(() => folder.remove());

describe('what a recording is, by its bytes (C7, C8)', () => {
  test.for([
    ['call.wav', 'audio/wav', 6, 2, 'MULAW'],
    ['call.mp3', 'audio/mpeg', 6, 2, 'MPEG 2.5 Layer 3'],
    ['call.m4a', 'audio/mp4', 6, 2, 'MPEG-4/AAC'],
    ['call.mp4', 'video/mp4', 6, 2, 'MPEG-4/AAC'],
    ['call.aac', 'audio/aac', 1.5, 2, 'AAC'],
    ['call.ogg', 'audio/ogg', 6, 2, 'Vorbis I'],
    ['call.opus', 'audio/ogg', 6, 2, 'Opus'],
    ['call.flac', 'audio/flac', 1.5, 2, 'FLAC'],
    ['call.webm', 'audio/webm', 6, 2, 'OPUS'],
    ['call.wma', 'audio/x-ms-wma', 6, 2, 'Windows Media Audio V8'],
    ['call.wmv', 'video/x-ms-wmv', 6, 2, 'Windows Media Audio V8'],
    ['call.aiff', 'audio/aiff', 1, 2, 'PCM'],
    ['call.au', 'audio/basic', 1.5, 2, 'MULAW'],
    ['call.gsm', 'audio/gsm', 6, 1, 'GSM 6.10'],
    ['call.mpg', 'video/mpeg', 1.5, 2, 'MPEG 1 Layer 2'],
    ['call.avi', 'video/x-msvideo', 6, 2, 'MPEG Layer 3'],
  ] as const)(
    '%s has a type, a duration, channels and a codec',
    async ([name, contentType, seconds, channels, codec]) => {
      const { media, issues, warnings } = await inspectFile(fixturePath(name));
      expect({ issues, warnings }).toEqual({ issues: [], warnings: [] });
      expect(media).toMatchObject({ contentType, channels, codec, isTruncated: false });
      expect(Math.abs((media?.durationSeconds ?? 0) - seconds)).toBeLessThan(0.25);
    },
  );

  test('media that nobody can probe is kept with a note', async () => {
    const packet = Buffer.alloc(188, 0xff);
    packet.writeUInt8(0x47, 0);
    const stream = Buffer.concat(Array.from({ length: 20 }, () => packet));
    const { media, issues, warnings } = await inspectBytes(folder.path, stream, 'mpg');
    expect(issues).toEqual([]);
    expect(media).toEqual({
      contentType: 'video/mp2t',
      durationSeconds: null,
      channels: null,
      codec: null,
      isTruncated: false,
    });
    expect(codesOf(warnings)).toEqual(['MEDIA_UNPROBED']);
  });

  test('media under another media extension is taken for what it is, with a note', async () => {
    const { media, warnings } = await inspectBytes(folder.path, fixtureBytes('call.mp3'), 'wav');
    expect(media).toMatchObject({ contentType: 'audio/mpeg', channels: 2 });
    expect(codesOf(warnings)).toEqual(['MEDIA_TYPE_MISMATCH']);
  });

  test('junk before the first MPEG frame does not hide it', async () => {
    const bytes = Buffer.concat([Buffer.from([0, 1, 2, 3, 0xff, 0xfb, 0]), fixtureBytes('call.mp3')]);
    expect((await inspectBytes(folder.path, bytes, 'mp3')).media).toMatchObject({
      contentType: 'audio/mpeg',
    });
  });

  test('AMR frames give the duration', async () => {
    const frame = Buffer.alloc(32);
    frame.writeUInt8(0x3c, 0);
    const bytes = Buffer.concat([Buffer.from('#!AMR\n'), ...Array.from({ length: 150 }, () => frame)]);
    const { media, warnings } = await inspectBytes(folder.path, bytes, 'amr');
    expect(media).toEqual({
      contentType: 'audio/amr',
      durationSeconds: 3,
      channels: 1,
      codec: 'AMR',
      isTruncated: false,
    });
    expect(warnings).toEqual([]);
  });

  test.for(['gsm', 'arf'])('the extension decides for %s, which has no signature', async (ext) => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7 + 1) % 251));
    const { media, issues, warnings } = await inspectBytes(folder.path, bytes, ext);
    expect({ issues, isTruncated: media?.isTruncated }).toEqual({ issues: [], isTruncated: false });
    expect(codesOf(warnings)).toEqual(['MEDIA_UNPROBED']);
  });
});

test('case 25: a recording without bytes is EMPTY_MEDIA', async () => {
  const inspection = await inspectMedia({ path: '/nowhere', ext: 'wav', sizeBytes: 0 });
  expect(inspection).toMatchObject({ media: null, warnings: [] });
  expect(codesOf(inspection.issues)).toEqual(['EMPTY_MEDIA']);
});

const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(200)]);
const exe = Buffer.concat([Buffer.from('MZ\x90\0\x03', 'latin1'), Buffer.alloc(200)]);
const png = Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de', 'hex');
const zip = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'), Buffer.alloc(100)]);
const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'), Buffer.alloc(100)]);
const text = 'Recordings come by the usual way.\r\n';

describe('case 36: bytes that are no media are NOT_MEDIA, whatever the name says', () => {
  const impostors: readonly (readonly [string, Buffer, string])[] = [
    ['a Windows program', exe, 'a Windows program'],
    ['a Linux program', elf, 'a Linux program'],
    ['an HTML page', Buffer.from('<!DOCTYPE html><html><body>Not found</body></html>'), 'an HTML page'],
    ['XML', Buffer.from('\ufeff<?xml version="1.0"?><call/>'), 'XML'],
    ['JSON', Buffer.from('{"filename": "a.wav"}'), 'JSON'],
    ['text', Buffer.from(text), 'plain text'],
    ['text that begins like a tag', Buffer.from(`ID3 tags are named here. ${text}`), 'plain text'],
    [
      'UTF-16 text, whose mark is an MPEG sync word',
      Buffer.from(`\ufeff${text.repeat(50)}`, 'utf16le'),
      'plain text',
    ],
    [
      'text of an 8-bit code page',
      Buffer.from(`Caf\xe9 M\xfcller, r\xe9sum\xe9. ${text}`, 'latin1'),
      'plain text',
    ],
    ['a PDF', pdf, 'a PDF document'],
    ['a ZIP archive', zip, 'a ZIP archive'],
    ['a gzip archive', gzipSync(Buffer.from(text.repeat(100))), 'a file of type GZ'],
    ['an image', png, 'an image'],
    ['zeros', Buffer.alloc(10_000), 'a file of nothing but zeros'],
  ];
  test.for(impostors)('%s', async ([, bytes, phrase]) => {
    for (const ext of ['mp3', 'wav', 'mp4', 'gsm', 'arf']) {
      const { media, issues } = await inspectBytes(folder.path, bytes, ext);
      expect(media).toBeNull();
      expect(codesOf(issues)).toEqual(['NOT_MEDIA']);
      expect(issues[0]?.message).toContain(phrase);
    }
  });

  test('bytes of no format at all', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7 + 1) % 251));
    expect(codesOf((await inspectBytes(folder.path, bytes, 'wav')).issues)).toEqual(['NOT_MEDIA']);
  });
});
