import { checkDropName } from '../names/check-drop-name.ts';

/** What HEAD says of one version of an object. */
export interface ObjectFacts {
  readonly sizeBytes: number;
  /** Null or absent: STANDARD. */
  readonly storageClass?: string | null;
  /** The header `x-amz-restore` of an archived object. */
  readonly restore?: string | null;
  /** HEAD answers 400 to those who do not send the customer's own key. */
  readonly isSealedByCustomer?: boolean;
}

/** Why an object is refused: a code of the outcomes, and what exactly is wrong. */
export interface ObjectRefusal {
  readonly code: 'NAME_INVALID' | 'TOO_LARGE' | 'OBJECT_UNREADABLE';
  readonly message: string;
}

const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];

/** Why a version of an object cannot be received; null where it can. Source: C9 for the size. */
export function judgeObject(name: string, facts: ObjectFacts, maxBytes: number): ObjectRefusal | null {
  const wrongName = checkDropName(name);
  if (wrongName !== null) return { code: 'NAME_INVALID', message: wrongName.message };
  if (facts.isSealedByCustomer === true)
    return {
      code: 'OBJECT_UNREADABLE',
      message: 'The object is encrypted with a key of the sender (SSE-C).',
    };
  if (facts.sizeBytes > maxBytes)
    return {
      code: 'TOO_LARGE',
      message: `The object has ${facts.sizeBytes} bytes; at most ${maxBytes} are taken.`,
    };
  const isRestored = facts.restore?.includes('ongoing-request="false"') === true;
  if (ARCHIVES.includes(facts.storageClass ?? '') && !isRestored)
    return {
      code: 'OBJECT_UNREADABLE',
      message: `The object is archived (storage class ${facts.storageClass}).`,
    };
  return null;
}
