import type { Problem } from '@callbay/contracts';

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;

/** What the API said when it refused, with each issue on a line of its own. */
export function describeRefusal(status: number, body: unknown): string {
  if (!isProblem(body)) return `the API answered ${status}`;
  const issues = (body.issues ?? [])
    .filter(({ message }) => message !== body.detail)
    .map(({ at, code, message }) => `\n  ${at ?? ''} ${code}: ${message}`.trimEnd());
  return `${body.code}: ${body.detail}${issues.join('')}`;
}
