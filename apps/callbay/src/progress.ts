/** Writes at most one line a second to standard error, so that a long run is seen to move. */
export function createProgress(): (line: string) => void {
  let lastAt = performance.now();
  return (line) => {
    if (performance.now() - lastAt < 1_000) return;
    lastAt = performance.now();
    process.stderr.write(`${line}\n`);
  };
}
