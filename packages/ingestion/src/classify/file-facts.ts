import {
  type Issue,
  issue,
  outcomeOf,
  type ParsedName,
  type Policy,
  type SetAsideCode,
  stemNamedBy,
} from '@callbay/core';
import { formatOfExtension, type ParsedMetadata } from '@callbay/metadata';
import type { Inspection, InspectTask } from './inspection.ts';
import type { FileFacts, UnreadFile } from './ports.ts';

/** What a pool process is asked about a file: by its name, since nobody knows its bytes yet. */
export function taskOf(file: UnreadFile, policy: Policy, name: ParsedName, path: string): InspectTask {
  const format = name.kind === 'sidecar' ? formatOfExtension(name.ext) : null;
  const read: InspectTask['read'] =
    name.kind === 'recording'
      ? { as: 'media' }
      : format
        ? { as: 'metadata', format, isList: isListed(policy) }
        : null;
  return { path, ext: name.ext, sizeBytes: file.sizeBytes, read };
}

export function factsOf(policy: Policy, name: ParsedName, inspection: Inspection): FileFacts {
  const { sha256, media, metadata } = inspection;
  const base = { stem: name.stem, sha256, media: null, records: [] };
  if (metadata) return sidecarFacts(policy, name, sha256, metadata);
  if (!media) return { ...base, kind: 'unknown', issues: name.issues, warnings: name.warnings };
  return {
    ...base,
    kind: 'recording',
    media: media.media,
    issues: [...name.issues, ...media.issues],
    warnings: [...name.warnings, ...media.warnings],
  };
}

/** One record, or the reasons why there is none. The reading is reported as a warning-free fact of the file. */
function sidecarFacts(policy: Policy, name: ParsedName, sha256: string, metadata: ParsedMetadata): FileFacts {
  const [raw] = metadata.records;
  const issues: Issue[] = [...metadata.issues];
  if (issues.length === 0 && metadata.rowCount > 1) {
    const message = `Expected one record, found ${metadata.rowCount}. A field mapping with \`manyRecords\` takes lists.`;
    issues.push(issue('METADATA_INVALID', message));
  }
  if (issues.length === 0 && !raw) issues.push(issue('METADATA_INVALID', 'The file has no record.'));
  const isReadable = issues.length === 0 && raw !== undefined;
  return {
    kind: 'sidecar',
    stem: name.stem,
    sha256,
    media: null,
    issues: [],
    warnings: [...name.warnings, ...metadata.warnings],
    records: [
      {
        row: 0,
        raw: isReadable ? raw : null,
        namedStem: isReadable ? stemNamedBy(raw, policy) : null,
        issues,
        warnings: [],
      },
    ],
  };
}

/**
 * Whether a file holds the metadata of many calls: a CSV of several rows, or of one that names a recording of another
 * name; a list in another format where the field mapping says so. Source: C15, case 30.
 */
export function isBatch(name: ParsedName, metadata: ParsedMetadata, policy: Policy): boolean {
  const { format, header, rowCount, records } = metadata;
  const mayHoldMany = format === 'csv' ? header !== null : isListed(policy);
  const [only] = records;
  if (!mayHoldMany || rowCount > 1 || !only) return mayHoldMany && rowCount > 1;
  const named = stemNamedBy(only, policy);
  return named !== null && named !== name.stem && name.wallTime === null;
}

const isListed = (policy: Policy): boolean => policy.mapping.options.manyRecords === true;

/** Of a file that we failed to read. Without a digest: no other file has the same bytes. */
export function setAsideFacts(name: ParsedName, code: SetAsideCode): FileFacts {
  const reason = issue(code, outcomeOf(code).message);
  if (name.kind === 'sidecar') return unreadable(name, '', [reason]);
  const { stem, warnings } = name;
  const kind = name.kind === 'recording' ? 'recording' : 'unknown';
  const issues = [...name.issues, reason];
  return { kind, stem, sha256: '', media: null, warnings, issues, records: [] };
}

/** Metadata of which nothing can be used. */
export function unreadable(
  { stem, warnings }: ParsedName,
  sha256: string,
  issues: readonly Issue[],
): FileFacts {
  const records = [{ row: 0, raw: null, namedStem: null, issues, warnings: [] }];
  return { kind: 'sidecar', stem, sha256, media: null, issues: [], warnings, records };
}
