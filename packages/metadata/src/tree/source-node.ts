/**
 * What JSON, XML and YAML have in common: a tree of source strings that knows where each of them stood.
 * A YAML alias makes two parents share one node, so a tree may be a graph; it never holds a circle.
 */
export type SourceNode = SourceText | SourceMap | SourceList;

export interface SourceText {
  readonly kind: 'text';
  readonly text: string;
  readonly offset: number;
  /** XML attributes of this element. */
  readonly attributes?: readonly SourceEntry[];
}

export interface SourceMap {
  readonly kind: 'map';
  readonly entries: readonly SourceEntry[];
  readonly offset: number;
  readonly attributes?: readonly SourceEntry[];
}

export interface SourceList {
  readonly kind: 'list';
  readonly items: readonly SourceNode[];
  readonly offset: number;
}

export interface SourceEntry {
  readonly key: string;
  readonly offset: number;
  readonly value: SourceNode;
}

/** What ends the reading of a whole file: where in its text, and what was expected there. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
}

export type TreeReading =
  | { readonly ok: true; readonly root: SourceNode }
  | { readonly ok: false; readonly fault: Fault };

export const fault = (offset: number, message: string): { ok: false; fault: Fault } => ({
  ok: false,
  fault: { offset, message },
});
