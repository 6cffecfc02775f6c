import { readFileSync } from 'node:fs';

export interface ListedCase {
  readonly why: string;
  readonly input: string;
  /** What stands after `==>`; empty in a list of refusals. */
  readonly expected: string;
}

/**
 * A list of cases, one a line: `why ::: input ==> expected`. Lines beginning with `#` are comments.
 * In inputs `\n` `\r` `\t` `\uXXXX` and `\\` stand for what they do in JSON.
 */
export function readList(name: string): readonly ListedCase[] {
  const lines = readFileSync(new URL(`./lists/${name}.txt`, import.meta.url), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('# '))
    .map((line) => {
      const [why = '', rest = ''] = line.split(' ::: ');
      const [input = '', expected = ''] = rest.split(' ==> ');
      return { why, input: resolveEscapes(input), expected };
    });
}

const resolveEscapes = (input: string): string =>
  input.replace(/\\(?:([nrt\\])|u([\da-f]{4}))/g, (_, letter?: string, code?: string) =>
    letter === undefined
      ? String.fromCharCode(Number.parseInt(code ?? '', 16))
      : ({ n: '\n', r: '\r', t: '\t' }[letter] ?? letter),
  );
