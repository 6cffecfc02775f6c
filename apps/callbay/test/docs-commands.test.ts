import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../src/program.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = globSync(['*.md', 'docs/**/*.md', 'clients/**/*.md', 'packages/**/README.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
}).sort();

/** Words of a command line; what a shell does with the rest of the line does not matter. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(/\s(?:\||>|<|<<|&&|#|;)(?:\s|')/);
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)].map(([word]) =>
    word.replace(/["']/g, ''),
  );
}

/** Every `callbay …` on a page, in a block or in a sentence, without the name itself. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/\\\n\s*/g, ' ');
  const found = [
    ...text.matchAll(/^(?:\w+=\S+ )*(?:callbay|npm run -s callbay --) (.+)$/gm),
    ...text.matchAll(/`(?:callbay|npm run -s callbay --) ([^`]+)`/g),
  ];
  return found.map(([, command = '']) => command.replace(/\s+/g, ' '));
}

/** What the command line would say against it; null where it fits. */
function judge(line: string): string | null {
  let command: Command = createProgram();
  let words = wordsOf(line);
  const path: string[] = [];
  for (;;) {
    const [word = ''] = words;
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) break;
    command = next;
    path.push(word);
    words = words.slice(1);
  }
  const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0;
  if (isGroup && words.length > 0 && !words[0]?.startsWith('-'))
    return `there is no command \`${[...path, words[0]].join(' ')}\``;
  const known = [...command.options, ...createProgram().options, ...allOptions(command)];
  for (const word of words.filter((each) => /^--?[a-zA-Z]/.test(each))) {
    const name = word.split('=')[0];
    if (
      !['--help', '-h'].includes(name!) &&
      !known.some(({ long, short }) => long === name || short === name)
    )
      return `\`${path.join(' ')}\` has no option \`${name}\``;
  }
  const { operands } = command.parseOptions([...words]);
  const wanted = command.registeredArguments;
  const isOpen = wanted.some(({ variadic }) => variadic);
  if (!isOpen && operands.length > wanted.length)
    return `\`${path.join(' ')}\` takes ${wanted.length} arguments, not \`${operands.join(' ')}\``;
  return null;
}

const allOptions = (command: Command): Command['options'] =>
  command.parent === null ? command.options : [...command.options, ...allOptions(command.parent)];

test('each command on a page is one that there is, with options and arguments that it takes', () => {
  const lines = PAGES.flatMap((page) => commandsOf(page).map((line) => ({ page, line })));
  expect(lines.length).toBeGreaterThan(100);
  const wrong = lines.flatMap(({ page, line }) => {
    const complaint = judge(line);
    return complaint === null ? [] : [`${page}: callbay ${line}: ${complaint}`];
  });
  expect(wrong).toEqual([]);
});

test.each([
  ['tenant creat acme', 'there is no command `tenant creat`'],
  ['tenant create acme --nmae Acme', 'has no option `--nmae`'],
  ['tenant create acme Acme', 'takes 1 arguments'],
])('callbay %s would be found', (line, complaint) => {
  expect(judge(line)).toContain(complaint);
});
