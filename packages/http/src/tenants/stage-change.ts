import type { Role, Stage } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';

/** Throws FORBIDDEN where anybody but an operator would suspend a tenant, or let a suspended one go on. */
export function assertStageIsTheirs(role: Role, present: Stage, wanted: Stage | undefined): void {
  if (wanted === undefined || wanted === present || role === 'operator') return;
  if (present === 'suspended' || wanted === 'suspended') {
    throw new CallbayError('FORBIDDEN', 'Only an operator suspends a tenant or ends its suspension.');
  }
}
