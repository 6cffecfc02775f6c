/** Edits from `a` to `b`, a swap of neighbours being one: 1, 2, or null for more. `a` and `b` differ. Linear. */
export function editsUpTo2(a: string, b: string): 1 | 2 | null {
  if (Math.abs(a.length - b.length) > 2) return null;
  if (isWithin(a, b, 1)) return 1;
  return isWithin(a, b, 2) ? 2 : null;
}

function isWithin(a: string, b: string, edits: number): boolean {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  if (restA === restB) return true;
  if (edits === 0) return false;
  const isSwapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.length > 1 && restB.length > 1;
  return (
    isWithin(restA.slice(1), restB.slice(1), edits - 1) ||
    isWithin(restA.slice(1), restB, edits - 1) ||
    isWithin(restA, restB.slice(1), edits - 1) ||
    (isSwapped && isWithin(restA.slice(2), restB.slice(2), edits - 1))
  );
}
