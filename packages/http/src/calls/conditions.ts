import {
  CALL_FIELD_TYPES,
  type FieldCondition,
  type FieldType,
  type Issue,
  readCondition,
  type TypedCondition,
} from '@callbay/core';
import type { MappingStore } from '@callbay/ingestion';
import { InputError } from '../server/input-error.ts';

/** Reads conditions by the types of the tenant's newest field mapping. Throws InputError naming each that cannot be. */
export async function readConditions(
  mappings: Pick<MappingStore, 'findMapping'>,
  tenantId: string,
  conditions: readonly FieldCondition[],
): Promise<TypedCondition[]> {
  if (conditions.length === 0) return [];
  const mapping = await mappings.findMapping(tenantId, 'call');
  const types = new Map<string, FieldType>(mapping?.fields.map(({ target, type }) => [target, type]));
  const issues: Issue[] = [];
  const typed: TypedCondition[] = [];
  for (const condition of conditions) {
    const type = CALL_FIELD_TYPES.get(condition.name) ?? types.get(condition.name) ?? null;
    const read = readCondition(condition, type, mapping?.options?.defaultCountry);
    if ('code' in read) issues.push(read);
    else typed.push(read);
  }
  if (issues.length > 0) throw new InputError('querystring', issues);
  return typed;
}
