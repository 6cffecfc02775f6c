/** What a CRM file may hold, each named in the plural as its file is. Source: C25. */
export const CRM_TYPES = ['contacts', 'leads', 'opportunities', 'cases', 'accounts'] as const;
export type CrmType = (typeof CRM_TYPES)[number];

export const isCrmType = (text: string): text is CrmType => (CRM_TYPES as readonly string[]).includes(text);

/** Mapping targets that hold the id of a CRM object, in calls and in CRM objects. Source: C26. */
export const CRM_REFERENCES = {
  contactId: 'contacts',
  leadId: 'leads',
  opportunityId: 'opportunities',
  caseId: 'cases',
  accountId: 'accounts',
} as const satisfies Readonly<Record<string, CrmType>>;

/** An id in a field that refers to a CRM object. */
export interface CrmReference {
  readonly field: string;
  readonly type: CrmType;
  /** In its canonical form. */
  readonly externalId: string;
}

/** Patterns of file names by type; a type without any keeps its plural name. */
export type CrmFilePatterns = Partial<Record<CrmType, string[]>>;
