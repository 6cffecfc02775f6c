import {
  encodingOf,
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
      ? { as: 'media', prefixSizes: [...new Set(file.earlierSizes)] }
      : format
        ? {
            as: 'metadata',
            format,
            isList: isListed(policy),
            records: recordsOf(policy),
            encoding: encodingOf(policy),
          }
        : null;
  return { path, ext: name.ext, sizeBytes: file.sizeBytes, read };
}

export function factsOf(policy: Policy, name: ParsedName, inspection: Inspection): FileFacts {
  const { sha256, media, metadata, prefixes } = inspection;
  const base = { stem: name.stem, sha256, media: null, records: [] };
  if (metadata) return sidecarFacts(policy, name, sha256, metadata);
  if (!media) return { ...base, kind: 'unknown', issues: issuesOfUnknown(name), warnings: name.warnings };
  return {
    ...base,
    kind: 'recording',
    media: media.media && prefixes.length > 0 ? { ...media.media, prefixes } : media.media,
    issues: [...name.issues, ...media.issues],
    warnings: [...name.warnings, ...media.warnings],
  };
}

/** Uploads under way are not received, unless the tenant has just said that names such as this one mean them. */
const issuesOfUnknown = (name: ParsedName): readonly Issue[] =>
  name.kind === 'temporary'
    ? [
        issue(
          'UNSUPPORTED_TYPE',
          'The name is that of an upload under way. Rename the file to its real name.',
        ),
      ]
    : name.issues;

/** One record, or the reasons why there is none. The reading is reported as a warning-free fact of the file. */
function sidecarFacts(policy: Policy, name: ParsedName, sha256: string, metadata: ParsedMetadata): FileFacts {
  const [raw] = metadata.records;
  const isAlone = hasOneRow(metadata);
  const issues: Issue[] = isAlone && raw ? [] : [...metadata.issues];
  const left = isAlone && raw ? metadata.issues : [];
  if (issues.length === 0 && metadata.rowCount > 1 && !isAlone) {
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
    warnings: [
      ...name.warnings,
      ...metadata.warnings,
      ...left.map(({ message, at }) => issue('ROW_IGNORED', message, at)),
    ],
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
  const isOne = rowCount === 1 || hasOneRow(metadata);
  const mayHoldMany = format === 'csv' ? header !== null : isListed(policy);
  const [only] = records;
  if (!mayHoldMany || !isOne || !only) return mayHoldMany && rowCount > 1;
  const named = stemNamedBy(only, policy);
  return named !== null && named !== name.stem && name.wallTime === null;
}

/** One row of data, beside lines that are none: the file stays a sidecar. */
const hasOneRow = ({ rowCount, readableCount, strayCount }: ParsedMetadata): boolean =>
  rowCount > 1 && readableCount === 1 && strayCount === rowCount - 1;

const isListed = (policy: Policy): boolean =>
  policy.mapping.options.manyRecords === true || recordsOf(policy) !== null;

const recordsOf = (policy: Policy): string | null => policy.mapping.options.records ?? null;

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
