/** What is made for a drop, in this order. Each can be made again and changes nothing then. */
export const S3_STEPS = [
  'identity',
  'deadLetterQueue',
  'queue',
  'queuePolicy',
  'bucket',
  'ownership',
  'publicAccess',
  'encryption',
  'versioning',
  'lifecycle',
  'bucketPolicy',
  'notification',
  'user',
  'userPolicy',
  'accessKey',
] as const;
export type S3StepName = (typeof S3_STEPS)[number];

/** How one step went. */
export interface S3Step {
  readonly step: S3StepName;
  /** `skipped`: the server does not have it, or the drop needs none. */
  readonly state: 'done' | 'skipped' | 'failed';
  /** The server's own code of an error. */
  readonly code?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly at: string;
}

export type S3DropState = 'provisioning' | 'ready' | 'failed';

/** How a drop stands by its steps. */
export function stateOfSteps(steps: readonly S3Step[]): S3DropState {
  if (steps.some(({ state }) => state === 'failed')) return 'failed';
  return S3_STEPS.every((name) => steps.some(({ step }) => step === name)) ? 'ready' : 'provisioning';
}

/** The steps with a newer result of one of them, in order. */
export const withStep = (steps: readonly S3Step[], result: S3Step): S3Step[] =>
  S3_STEPS.flatMap((name) => {
    const step = name === result.step ? result : steps.find((each) => each.step === name);
    return step === undefined ? [] : [step];
  });
