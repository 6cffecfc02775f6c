import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkDropName } from '../src/names/check-drop-name.ts';

const shown = (name: string) => JSON.stringify(name).slice(0, 40);

test.each(
  [
    // Paths.
    '../x',
    '..',
    '.',
    '',
    '/x',
    'x/',
    'a/b',
    'a\\b',
    '..\\x',
    // Control characters and line separators.
    'a\0b',
    'a\nb',
    'a\rb',
    'a\tb',
    'a\x1b[2J',
    'a\x7fb',
    'a\x80b',
    'a\x9fb',
    'a\u2028b',
    'a\u2029b',
    // Marks and overrides of the direction of text.
    'a\u200eb',
    'a\u200fb',
    'a\u202ab',
    'a\u202egpj.wav',
    'a\u2066b',
    'a\u2069b',
    'a\u061cb',
    // Not well-formed Unicode.
    'a\ufffdb',
    'a\ud800b',
    '\udc00',
    // Space at an end.
    ' a.wav',
    'a.wav ',
    '\u00a0a.wav',
    'a.wav\u3000',
    '\ufeffa.wav',
    ' ',
    // Over 255 bytes.
    'a'.repeat(256),
    `${'é'.repeat(126)}.wav`,
    '😀'.repeat(64),
  ].map((name) => [shown(name), name]),
)('case 11: the name %s is refused', (_shown, name) => {
  expect(checkDropName(name)).toMatchObject({ code: 'NAME_INVALID', at: null });
});

test.each(
  [
    'a.wav',
    '20171012- 140253_joe.xml',
    '..x',
    'a..wav',
    '...',
    '.hidden',
    'a~2.wav',
    '-rf',
    'a:b*?.wav',
    'jos\u00e9.wav',
    'jose\u0301.wav',
    '日本語.wav',
    'שלום.wav',
    '😀.wav',
    'क्\u200dष.wav',
    'a'.repeat(255),
    `${'é'.repeat(125)}.wavx`,
  ].map((name) => [shown(name), name]),
)('the name %s is taken', (_shown, name) => {
  expect(checkDropName(name)).toBeNull();
});

test('case 11: no name that is taken leaves its folder, hides a line, or passes 255 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      if (checkDropName(name) !== null) return;
      expect(name).not.toMatch(/[/\\\p{Cc}]/u);
      expect(['', '.', '..']).not.toContain(name);
      const bytes = Buffer.from(name, 'utf8');
      expect(bytes.length).toBeLessThanOrEqual(255);
      expect(bytes.toString('utf8')).toBe(name);
    }),
  );
});

test('case 11: the sentence never repeats the name', () => {
  const problem = checkDropName('secret\u202ename');
  expect(problem?.message).not.toContain('secret');
});
