/** A free-text search: words in the web's own syntax, and beginnings of words that must all occur. */
export interface WordSearch {
  /** Words, "phrases", `or`, `-not`; empty where only beginnings were asked for. */
  readonly web: string;
  readonly beginnings: readonly { readonly text: string; readonly isExcluded: boolean }[];
}

const TOKEN = /"[^"]*"?|[^\s"]+/g;
const BEGINNING = /^(?<not>-?)(?<text>[^*-][^*]*)\*$/;
const MAX_BEGINNINGS = 10;

/** Takes `word*` and `-word*` out of a search; beyond ten of them the star is left to be read as punctuation. */
export function readWords(q: string): WordSearch {
  const web: string[] = [];
  const beginnings: { text: string; isExcluded: boolean }[] = [];
  for (const [token] of q.matchAll(TOKEN)) {
    const groups = token.startsWith('"') ? undefined : BEGINNING.exec(token)?.groups;
    if (groups === undefined || beginnings.length === MAX_BEGINNINGS) web.push(token);
    else beginnings.push({ text: groups.text ?? '', isExcluded: groups.not === '-' });
  }
  return { web: web.join(' '), beginnings };
}
