import type { FieldMapping, FieldType, MappingOptions } from '../mapping/field-mapping.ts';
import { CRM_REFERENCES, type CrmType } from './crm-types.ts';

/** How one type of CRM file is read: the version the tenant published, or null for the preset. */
export interface CrmMapping {
  readonly version: number | null;
  readonly fields: readonly FieldMapping[];
  readonly options: MappingOptions;
}

/** The target that a CRM mapping must have: the object's unique id. Source: C25. */
export const EXTERNAL_ID = 'externalId';

const SINGULAR: Readonly<Record<CrmType, string>> = {
  contacts: 'contact',
  leads: 'lead',
  opportunities: 'opportunity',
  cases: 'case',
  accounts: 'account',
};

/** Standard fields by target, and the column names that mean them, in the order they are looked for. */
const STANDARD_FIELDS: Readonly<Record<CrmType, Readonly<Record<string, readonly string[]>>>> = {
  contacts: {
    firstName: ['firstname'],
    lastName: ['lastname'],
    name: ['name', 'fullname', 'contactname'],
    email: ['email', 'emailaddress'],
    phone: ['phone', 'phonenumber'],
    mobilePhone: ['mobilephone', 'mobile'],
    title: ['title', 'jobtitle'],
    ownerId: ['ownerid', 'owner'],
  },
  leads: {
    firstName: ['firstname'],
    lastName: ['lastname'],
    name: ['name', 'fullname', 'leadname'],
    email: ['email', 'emailaddress'],
    phone: ['phone', 'phonenumber'],
    mobilePhone: ['mobilephone', 'mobile'],
    company: ['company', 'companyname'],
    status: ['status', 'leadstatus'],
    ownerId: ['ownerid', 'owner'],
  },
  opportunities: {
    name: ['name', 'opportunityname'],
    amount: ['amount'],
    stage: ['stagename', 'stage'],
    closeDate: ['closedate'],
    ownerId: ['ownerid', 'owner'],
  },
  cases: {
    caseNumber: ['casenumber'],
    subject: ['subject'],
    status: ['status'],
    priority: ['priority'],
    ownerId: ['ownerid', 'owner'],
  },
  accounts: {
    name: ['name', 'accountname', 'companyname', 'company'],
    phone: ['phone', 'phonenumber'],
    website: ['website', 'url'],
    industry: ['industry'],
    ownerId: ['ownerid', 'owner'],
  },
};

/** Column names are compared without case, blanks, dashes and underscores. */
const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * The mapping of a tenant that published none, for the columns that a file has: the id, the ids of other objects, and
 * standard fields as strings. It names `Id` where no column is one, so that its lack is told.
 */
export function presetCrmMapping(type: CrmType, columns: readonly string[]): CrmMapping {
  const byName = new Map<string, string>();
  for (const column of columns) {
    const name = plainName(column);
    if (!byName.has(name)) byName.set(name, column);
  }
  const find = (names: readonly string[]): string | undefined =>
    names.map((name) => byName.get(name)).find((column) => column !== undefined);
  const singular = SINGULAR[type];
  const idColumn = find(['id', `${singular}id`, 'externalid', 'recordid', 'salesforceid', 'uid']) ?? 'Id';
  const fields: FieldMapping[] = [{ source: idColumn, target: EXTERNAL_ID, type: 'id', required: true }];
  const add = (target: string, names: readonly string[], fieldType: FieldType): void => {
    const source = find(names);
    if (source !== undefined && source !== idColumn) fields.push({ source, target, type: fieldType });
  };
  for (const [target, referred] of Object.entries(CRM_REFERENCES))
    if (referred !== type) add(target, [target.toLowerCase()], 'id');
  for (const [target, names] of Object.entries(STANDARD_FIELDS[type])) add(target, names, 'string');
  return { version: null, fields, options: {} };
}
