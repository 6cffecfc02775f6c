/** Several source fields as one text, such as a date and a time of day. */
export interface JoinedSource {
  readonly join: readonly string[];
  /** Stands between the parts; a blank where it is absent. */
  readonly with?: string | undefined;
}

/** A text that no file has to hold. At the end of a list it is the default. */
export interface ConstantSource {
  readonly constant: string;
}

export type SourceTerm = string | JoinedSource | ConstantSource;

/** Where a target's text comes from: of a list, the first term that has a value. */
export type FieldSource = SourceTerm | readonly SourceTerm[];

/** Finds the source field that a name of the mapping means. */
export type FindSource = (source: string) => string | null;

const isList = (source: FieldSource): source is readonly SourceTerm[] => Array.isArray(source);

export const termsOf = (source: FieldSource): readonly SourceTerm[] => (isList(source) ? source : [source]);

export const isConstant = (term: SourceTerm): term is ConstantSource =>
  typeof term === 'object' && 'constant' in term;

function namesOfTerm(term: SourceTerm): readonly string[] {
  if (typeof term === 'string') return [term];
  return isConstant(term) ? [] : term.join;
}

/** Every source field that a mapping row names. */
export const namesOf = (source: FieldSource): readonly string[] =>
  typeof source === 'string' ? [source] : termsOf(source).flatMap(namesOfTerm);

/** A source as people read it: `Date + Time`, `TIMESTAMP or DATE`. */
export const labelOf = (source: FieldSource): string =>
  termsOf(source)
    .map((term) =>
      isConstant(term) ? `the constant ${JSON.stringify(term.constant)}` : namesOfTerm(term).join(' + '),
    )
    .join(' or ');

/** Whether a source can be read from a file with these fields: one term of it is there, whole. */
export const isProvided = (source: FieldSource, find: FindSource): boolean =>
  termsOf(source).some((term) => namesOfTerm(term).every((name) => find(name) !== null));

/** The text of a target, and the source fields that it was taken from. */
export interface GatheredText {
  readonly text: string;
  /** The source fields that hold the text, for whoever has to correct it. */
  readonly at: string;
  /** Names in the file. */
  readonly used: readonly string[];
}

/**
 * The text that a source gives: of the first term that is not empty, else of the first that the record holds. Null where
 * the record holds none of them. `isEmpty` judges a whole text, and `isEmptyPart` one of several to be joined.
 */
export function gatherText(
  source: FieldSource,
  find: FindSource,
  textOf: (name: string) => string,
  isEmpty: (text: string) => boolean,
  isEmptyPart: (text: string) => boolean,
): GatheredText | null {
  let first: GatheredText | null = null;
  for (const term of termsOf(source)) {
    const gathered = gatherTerm(term, find, textOf, isEmptyPart);
    if (gathered === null) continue;
    if (!isEmpty(gathered.text)) return gathered;
    first ??= gathered;
  }
  return first;
}

function gatherTerm(
  term: SourceTerm,
  find: FindSource,
  textOf: (name: string) => string,
  isEmptyPart: (text: string) => boolean,
): GatheredText | null {
  if (typeof term !== 'string' && isConstant(term))
    return { text: term.constant, at: labelOf(term), used: [] };
  const names = namesOfTerm(term);
  const used = names.map(find).filter((name) => name !== null);
  if (used.length === 0) return null;
  if (typeof term === 'string') return { text: textOf(used[0]!), at: term, used };
  const parts = used.map((name) => textOf(name).trim()).filter((part) => !isEmptyPart(part));
  return { text: parts.join(term.with ?? ' '), at: names.join(' + '), used };
}
