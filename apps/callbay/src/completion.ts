import type { Command } from 'commander';

/** What may follow each command: its subcommands and long options, by the words that lead to it. */
function listWords(command: Command, path: readonly string[] = []): [string, string[]][] {
  const options = command.options.flatMap(({ long }) => (long ? [long] : []));
  const words = [...command.commands.map((child) => child.name()), ...options, '--help'];
  return [
    [path.join(' '), words],
    ...command.commands.flatMap((child) => listWords(child, [...path, child.name()])),
  ];
}

const BASH = `_callbay() {
  local word path='' next
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    _callbay_words "$next" >/dev/null && path="$next"
  done
  COMPREPLY=($(compgen -W "$(_callbay_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}"))
  # Where no word of ours fits, a file may be meant.
  ((\${#COMPREPLY[@]} > 0)) || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _callbay callbay`;

function toBash(program: Command): string {
  const cases = listWords(program).map(([path, words]) => `    '${path}') echo '${words.join(' ')}' ;;`);
  return `_callbay_words() {\n  case "$1" in\n${cases.join('\n')}\n    *) return 1 ;;\n  esac\n}\n${BASH}\n`;
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`\'`)}'`;

function toFish(program: Command, path: readonly string[] = []): string {
  const at = program.commands.flatMap((child) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const isHere = [
      ...seen,
      `not __fish_seen_subcommand_from ${program.commands.map((one) => one.name()).join(' ')}`,
    ];
    const line = `complete -c callbay -f -n ${quote(isHere.join('; and '))} -a ${child.name()} -d ${quote(child.description())}`;
    return [line, toFish(child, [...path, child.name()])];
  });
  const options = program.options.flatMap(({ long, description }) => {
    if (!long) return [];
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const condition = seen === '' ? '' : ` -n ${quote(seen)}`;
    return [`complete -c callbay${condition} -l ${long.slice(2)} -d ${quote(description)}`];
  });
  return [...at, ...options].filter(Boolean).join('\n');
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that a shell reads to complete commands and options. zsh reads the one for bash. */
export function makeCompletion(program: Command, shell: Shell): string {
  if (shell === 'fish') return `${toFish(program)}\n`;
  const bash = toBash(program);
  return shell === 'bash' ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}
