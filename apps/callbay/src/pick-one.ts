import { CommandError } from './exit-codes.ts';
import { printable } from './output.ts';

/** Something that a person may mean: its id, and the names that people know it by. */
export interface Candidate {
  readonly id: string;
  readonly names: readonly (string | null | undefined)[];
}

export interface PickOptions {
  /** What is looked for, in the singular: `tenant`. */
  readonly what: string;
  /** For what removes or revokes: a part of a name is not enough. */
  readonly isWhole?: boolean;
}

const MAX_SHOWN = 20;

const describe = ({ id, names }: Candidate): string =>
  `\n  ${[id, ...names.filter((name) => name && name !== id)].map((name) => printable(String(name))).join('  ')}`;

function shown(candidates: readonly Candidate[]): string {
  const more = candidates.length > MAX_SHOWN ? `\n  … and ${candidates.length - MAX_SHOWN} more` : '';
  return `${candidates.slice(0, MAX_SHOWN).map(describe).join('')}${more}`;
}

/**
 * The one candidate that `text` means: by its whole id or name, or by a part of either. Throws a CommandError that lists
 * the candidates where several fit.
 */
export function pickOne(text: string, candidates: readonly Candidate[], options: PickOptions): string {
  const { what, isWhole = false } = options;
  const wanted = text.toLowerCase();
  const all = (one: Candidate): string[] =>
    [one.id, ...one.names].flatMap((name) => (name ? [name.toLowerCase()] : []));
  const byId = candidates.find(({ id }) => id === text);
  if (byId) return byId.id;
  const exact = candidates.filter((one) => all(one).includes(wanted));
  if (exact.length === 1) return exact[0]!.id;
  const found =
    exact.length > 1 ? exact : candidates.filter((one) => all(one).some((name) => name.includes(wanted)));
  const quoted = printable(text);
  if (found.length === 0) throw new CommandError(`no ${what} matches \`${quoted}\``);
  if (found.length > 1) {
    throw new CommandError(`\`${quoted}\` matches ${found.length} of them; name one ${what}:${shown(found)}`);
  }
  if (isWhole)
    throw new CommandError(`no ${what} is named \`${quoted}\`; did you mean this one?${shown(found)}`);
  return found[0]!.id;
}
