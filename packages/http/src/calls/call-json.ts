import { JsonText, type Omitted } from '@callbay/contracts';
import type { CallCrmRow, CallRow, RevisionRow } from '@callbay/ingestion';

const NO_FIELDS = new JsonText('{}');
const NO_ITEMS = new JsonText('[]');

const omitted = (bytes: number, href: string): { readonly omitted: Omitted } => ({
  omitted: { bytes, href },
});

/** A call as it is answered. What was too large for a list is empty, with the path where it is whole. */
export function callJson(tenantId: string, { bytes, fields, raw, warnings, crm, ...call }: CallRow) {
  const isWhole = fields !== null && raw !== null && warnings !== null;
  return {
    ...call,
    fields: fields ?? NO_FIELDS,
    raw: raw ?? NO_FIELDS,
    warnings: warnings ?? NO_ITEMS,
    crm: Object.fromEntries(Object.entries(crm).map(([field, object]) => [field, crmJson(tenantId, object)])),
    ...(isWhole ? {} : omitted(bytes, `/v1/tenants/${tenantId}/calls/${call.callId}`)),
  };
}

function crmJson(tenantId: string, { bytes, fields, ...object }: CallCrmRow) {
  const href = `/v1/tenants/${tenantId}/crm/${object.type}/${encodeURIComponent(object.externalId)}`;
  return { ...object, fields: fields ?? NO_FIELDS, ...(fields === null ? omitted(bytes, href) : {}) };
}

/** A revision as it is answered; `before` is the cursor after which it is the first. */
export function revisionJson(path: string, before: string, { bytes, changed, ...revision }: RevisionRow) {
  return {
    ...revision,
    changed: changed ?? NO_FIELDS,
    ...(changed === null ? omitted(bytes, `${path}?limit=1&cursor=${before}`) : {}),
  };
}
