/** Characters split at a time: a file of nothing but line ends must not become an array of them. */
const CHUNK_LENGTH = 64 * 1024;

/** A text with CR and CRLF as LF, as XML defines line ends; every place keeps its line and column. */
export function normalizeLineEnds(source: string): string {
  if (!source.includes('\r')) return source;
  const chunks: string[] = [];
  for (let start = 0; start < source.length; ) {
    const end = start + CHUNK_LENGTH;
    const isSplit = source[end - 1] === '\r' && source[end] === '\n';
    const chunk = source.slice(start, isSplit ? end + 1 : end);
    chunks.push(chunk.split('\r\n').join('\n').split('\r').join('\n'));
    start += chunk.length;
  }
  return chunks.join('');
}
