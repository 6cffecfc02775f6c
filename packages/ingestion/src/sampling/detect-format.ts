import type { MetadataFormat } from '@callbay/metadata';

const HEAD_BYTES = 4_096;

/**
 * The format that a file begins like, for a name that does not say: a brace or bracket is JSON, a tag XML, a first line
 * `---` or `key: value` without anything that parts columns YAML, and everything else CSV, whose reader says best what
 * is wrong. Zero bytes of UTF-16 and a byte order mark are looked through.
 */
export function detectFormat(bytes: Uint8Array): MetadataFormat {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES))
    .toString('latin1')
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '')
    .replaceAll('\0', '')
    .trimStart();
  if (/^[{[]/.test(head)) return 'json';
  if (head.startsWith('<')) return 'xml';
  const line = /^[^\r\n]*/.exec(head)?.[0] ?? '';
  if (/^---(?:\s|$)/.test(line) || /^(?:- )?[^,;|\t"]+:(?: [^,;|\t]*)?$/.test(line)) return 'yaml';
  return 'csv';
}
