import type { AlertFinding } from './alert.ts';

/** An open alert, as last reported. */
export interface OpenAlert extends AlertFinding {
  readonly id: string;
}

export interface AlertChanges {
  readonly toOpen: readonly AlertFinding[];
  readonly toUpdate: readonly OpenAlert[];
  /** Ids of alerts whose reason is gone. */
  readonly toResolve: readonly string[];
}

const keyOf = ({ kind, subject }: AlertFinding): string => `${kind} ${subject}`;

const says = ({ message, fix, count, examples }: AlertFinding): string =>
  JSON.stringify([message, fix, count, examples.map((e) => [e.fileId, e.code])]);

/** What must change for the open alerts to be the findings: nothing where they say the same already. */
export function foldAlerts(open: readonly OpenAlert[], findings: readonly AlertFinding[]): AlertChanges {
  const found = new Map(findings.map((finding) => [keyOf(finding), finding]));
  const openKeys = new Set(open.map(keyOf));
  return {
    toOpen: [...found.values()].filter((finding) => !openKeys.has(keyOf(finding))),
    toUpdate: open.flatMap((alert) => {
      const finding = found.get(keyOf(alert));
      return finding === undefined || says(finding) === says(alert) ? [] : [{ ...finding, id: alert.id }];
    }),
    toResolve: open.filter((alert) => !found.has(keyOf(alert))).map(({ id }) => id),
  };
}
