import type { Command } from 'commander';

/** Words that people try, and the word of ours that means the same. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ls: 'list',
  get: 'show',
  describe: 'show',
  info: 'show',
  new: 'create',
  make: 'create',
  delete: 'remove',
  rm: 'remove',
  edit: 'update',
  set: 'update',
  change: 'update',
  user: 'sftp-user',
  users: 'sftp-user',
  token: 'api-key',
  keys: 'api-key',
  start: 'up',
  serve: 'up',
  run: 'up',
  check: 'doctor',
  recording: 'external',
  recordings: 'external',
  health: 'status',
  why: 'explain',
  held: 'holds',
  purge: 'purges',
  retention: 'purges',
};

/** How many single changes of a character, or swaps of two, lead from one word to the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? i + j) + 1 : i + j;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost, swap));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** 1 for the same word, 0 for words that have nothing in common. */
function likeness(typed: string, word: string): number {
  if (typed === word) return 1;
  if (typed.length > 2 && word.startsWith(typed)) return 0.9;
  const near = 1 - distance(typed, word) / Math.max(typed.length, word.length);
  return near >= 0.6 ? near : 0;
}

/** Every command that can be run, as the words that run it. */
export function listCommands(command: Command, path: readonly string[] = []): string[] {
  return command.commands.flatMap((child) => {
    const words = [...path, child.name()];
    return child.commands.length === 0 ? [words.join(' ')] : listCommands(child, words);
  });
}

const MAX_SHOWN = 3;
const MAX_TYPED = 3;
const ENOUGH = 0.55;

/** The commands that the typed words most probably meant, best first. */
export function nearestCommands(program: Command, typed: readonly string[]): string[] {
  const words = typed.slice(0, MAX_TYPED).map((word) => word.toLowerCase().slice(0, 40));
  if (words.length === 0) return [];
  const scored = listCommands(program).map((command) => {
    const parts = [...command.split(' '), ...command.split(/[ -]/)];
    const of = (word: string): number =>
      Math.max(...[word, SYNONYMS[word] ?? word].flatMap((one) => parts.map((part) => likeness(one, part))));
    const [first = 0, ...rest] = words.map(of);
    // Words after the command's own are arguments, and say nothing.
    const more = rest.reduce((sum, score) => sum + score, 0);
    return {
      command,
      score: Math.max(first, ...rest) === 0 ? 0 : first + 0.9 * more,
      best: Math.max(first, ...rest),
    };
  });
  const top = Math.max(...scored.map(({ score }) => score));
  return scored
    .filter(({ score, best }) => best >= ENOUGH && score >= top - 0.01)
    .slice(0, MAX_SHOWN)
    .map(({ command }) => command);
}
