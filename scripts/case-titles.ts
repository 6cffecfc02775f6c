/**
 * The numbers that a test's title claims: `case 17: …`, `case 17, 18: …`, `case 1–9: …`. Empty where it claims none.
 */
export function casesOfTitle(title: string): number[] {
  const list = /^case ([\d,–\s-]+):/.exec(title)?.[1];
  if (list === undefined) return [];
  return list.split(',').flatMap((part) => {
    const [from, to] = part.split(/[–-]/).map((text) => Number(text.trim()));
    if (from === undefined || Number.isNaN(from)) return [];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, n) => from + n);
  });
}

/** The numbered lines of docs/cases.md. */
export function readCases(markdown: string): Map<number, string> {
  const cases = new Map<number, string>();
  for (const [, number, sentence] of markdown.matchAll(/^(\d+)\. (.+)$/gm))
    cases.set(Number(number), sentence ?? '');
  return cases;
}
