import {
  CallbayError,
  type Issue,
  issue,
  type ParsedName,
  type Policy,
  parseFileName,
  stemNamedBy,
} from '@callbay/core';
import { formatOfExtension, type ParsedMetadata } from '@callbay/metadata';
import { type AdvanceCallsDeps, advanceCalls, type PipelineLog } from './advance-calls.ts';
import type { FileFacts, FileStore, FileToClassify } from './call-ports.ts';
import type { Inspection, InspectTask } from './inspect-worker.ts';
import type { Inspector } from './inspector.ts';
import type { BlobStore } from './ports.ts';

export interface ClassifyFileDeps extends AdvanceCallsDeps {
  readonly files: FileStore;
  readonly blobs: BlobStore;
  readonly inspector: Inspector;
  readonly log: PipelineLog;
}

/** After so many failures that no outage explains, a file is taken to be unreadable, and that is its fact. */
const MAX_FAILED_READS = 3;

/**
 * Reads one received file and stores what it found, then advances the calls that the facts touch. Running it twice
 * changes nothing. Throws where reading is to be tried again: a service is away, or the pool process died.
 */
export async function classifyFile(
  deps: ClassifyFileDeps,
  { tenantId, fileId }: { tenantId: string; fileId: string },
): Promise<void> {
  const file = await deps.files.findUnreadFile(tenantId, fileId);
  if (!file) return;
  const callKeys = await readAndSave(deps, tenantId, file);
  await advanceCalls(deps, { tenantId, callKeys });
}

/** The call keys to advance. A file nobody can read must not keep its tenant's later files waiting for ever. */
async function readAndSave(
  deps: ClassifyFileDeps,
  tenantId: string,
  file: FileToClassify,
): Promise<string[]> {
  const name = parseFileName(file.name, file.policy.settings);
  try {
    await using local = await deps.blobs.openLocal(tenantId, file.blobKey);
    const facts = factsOf(file, name, await deps.inspector.inspect(taskOf(file, name, local.path)));
    return await deps.files.saveFacts(tenantId, file.fileId, facts);
  } catch (error) {
    if (error instanceof CallbayError && error.retryable) throw error;
    const failures = await deps.files.countFailedRead(tenantId, file.fileId);
    if (failures < MAX_FAILED_READS) throw error;
    deps.log.error({ err: error, tenantId, fileId: file.fileId }, 'a file is taken to be unreadable');
    return deps.files.saveFacts(tenantId, file.fileId, unreadable(name));
  }
}

function taskOf(file: FileToClassify, name: ParsedName, path: string): InspectTask {
  const format = name.kind === 'sidecar' ? formatOfExtension(name.ext) : null;
  const read: InspectTask['read'] =
    name.kind === 'recording' ? { as: 'media' } : format ? { as: 'metadata', format } : null;
  return { path, ext: name.ext, sizeBytes: file.sizeBytes, read };
}

function factsOf(file: FileToClassify, name: ParsedName, inspection: Inspection): FileFacts {
  const { sha256, media, metadata } = inspection;
  const base = { stem: name.stem, sha256, media: null, records: [] };
  if (metadata) return sidecarFacts(file.policy, name, sha256, metadata);
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
  const [raw, ...more] = metadata.records;
  const issues: Issue[] = [...metadata.issues];
  if (issues.length === 0 && (more.length > 0 || metadata.rowCount > 1)) {
    issues.push(
      issue('METADATA_INVALID', `One record is expected in a file; this one holds ${metadata.rowCount}.`),
    );
  }
  if (issues.length === 0 && !raw) issues.push(issue('METADATA_INVALID', 'The file holds no record.'));
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

/** Without a digest: no other file has the same bytes as one that nobody can read. */
function unreadable(name: ParsedName): FileFacts {
  const isRecording = name.kind === 'recording';
  const reason = issue(
    isRecording ? 'NOT_MEDIA' : 'METADATA_INVALID',
    'The file could not be read within the limits of memory and time.',
  );
  const base = { stem: name.stem, sha256: '', media: null, warnings: name.warnings };
  if (isRecording) return { ...base, kind: 'recording', issues: [reason], records: [] };
  return {
    ...base,
    kind: 'sidecar',
    issues: [],
    records: [{ row: 0, raw: null, namedStem: null, issues: [reason], warnings: [] }],
  };
}
