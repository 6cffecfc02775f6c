import { readFile } from 'node:fs/promises';
import { type Finding, ok, warn } from './finding.ts';

/** A session takes one, each open upload another, and each SFTP process serves hundreds at once. */
const LEAST_DESCRIPTORS = 4_096;

/** The limit that processes started from here have, or null where it cannot be read or there is none. */
export function parseDescriptorLimit(limits: string): number | null {
  const [, limit] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  return limit === undefined || limit === 'unlimited' ? null : Number(limit);
}

/** Whether the system lets a process have as many files and connections open as a busy door needs. */
export async function checkDescriptors(): Promise<Finding> {
  // Node raises its own limit to the hard one, so that the hard one counts.
  // Systems without /proc have no such file.
  const limit = parseDescriptorLimit(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
  if (limit === null) return ok('descriptors', 'No limit of open files is known here.');
  const sentence = `A process may have ${limit} files and connections open.`;
  if (limit >= LEAST_DESCRIPTORS) return ok('descriptors', sentence);
  return warn(
    'descriptors',
    `${sentence} Uploads are refused beyond that.`,
    `Raise the limit to ${LEAST_DESCRIPTORS} or more: \`ulimit -n\`, LimitNOFILE= in systemd, \`ulimits\` in Docker.`,
  );
}
