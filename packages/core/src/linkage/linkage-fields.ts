/** What a record and a recording may share without naming each other. Null and empty: not said. Source: C20. */
export interface LinkageFields {
  /** Epoch ms of the call's start. */
  readonly startedAt: number | null;
  readonly user: string | null;
  /** Every telephone number that is said, in E.164. */
  readonly phones: readonly string[];
  readonly durationSeconds: number | null;
  readonly direction: string | null;
}

/** One side of a comparison, by what identifies it. */
export interface LinkageParty {
  readonly id: string;
  readonly fields: LinkageFields;
}

/** What one shared field says for or against a pair being one call. */
export interface Contribution {
  readonly field: 'startedAt' | 'user' | 'phone' | 'durationSeconds' | 'direction';
  readonly level: string;
  /** log2(m / u): positive is evidence for the pair. Zero for a field that one side lacks. */
  readonly bits: number;
  /** A sentence for a person. It holds no value of either side. */
  readonly why: string;
}

/** How well a record and a recording fit, and why. */
export interface ScoredPair {
  readonly recordId: string;
  readonly recordingId: string;
  /** The sum of the contributions' bits, rounded to a hundredth. */
  readonly score: number;
  readonly contributions: readonly Contribution[];
}
