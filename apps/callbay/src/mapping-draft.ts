import { segment } from './find.ts';

export const mappingPath = (path: string, kind: string): string => `${path}/mappings/${segment(kind)}`;

/** What may be published of a file: of a mapping as it was shown, the rows and the options alone. */
export function readDraft(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const draft = 'suggestion' in value ? value.suggestion : value;
  if (typeof draft !== 'object' || draft === null || !('version' in draft)) return draft;
  const { kind: _kind, version: _version, publishedAt: _at, ...rest } = draft as Record<string, unknown>;
  return rest;
}
