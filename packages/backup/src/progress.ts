/** What has been done so far. */
export interface Progress {
  readonly phase: 'tables' | 'blobs' | 'verifying';
  /** The table or the number of blobs. */
  readonly what: string;
  readonly bytes: number;
}

export type OnProgress = (progress: Progress) => void;
