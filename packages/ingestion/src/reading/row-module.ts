/** What a module gives to be run by the row reader: one function, in a process without secrets that may die. */
export interface RowModule<Options, Report> {
  /** Reads the file at `path` and writes lines to `sink`; answers a report that must survive JSON. */
  readonly readRows: (path: string, options: Options, sink: RowSink) => Promise<Report>;
}

export interface RowSink {
  /** Resolves when the reader at the other end has room again: awaiting it is what keeps memory flat. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
}
