import type { FieldType } from '../mapping/field-mapping.ts';

/** What a sample is of. Source: C25. */
export const SAMPLE_KINDS = ['call', 'contacts', 'leads', 'opportunities', 'cases', 'accounts'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** A target of the suggestion, and the names that customers give its source, best first, as `nameKey` has them. */
export interface KnownTarget {
  readonly target: string;
  readonly type: FieldType;
  readonly isRequired: boolean;
  readonly names: readonly string[];
}

const target = (name: string, type: FieldType, names: string, isRequired = false): KnownTarget => ({
  target: name,
  type,
  isRequired,
  names: names.split(' '),
});

/** What two spellings of a name share: `Call_Start-Time` and `callStartTime` are one. */
export const nameKey = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');

const REFERENCES = [
  target('contactId', 'id', 'contactid contactsfid salesforcecontactid crmcontactid'),
  target('leadId', 'id', 'leadid leadsfid salesforceleadid crmleadid'),
  target('accountId', 'id', 'accountid accountsfid salesforceaccountid crmaccountid companyid'),
  target('opportunityId', 'id', 'opportunityid oppid opptyid dealid salesforceopportunityid'),
  target('caseId', 'id', 'caseid casenumber ticketid ticketnumber'),
];

/** Source: C14, C16, E2. */
const CALL: readonly KnownTarget[] = [
  target(
    'startedAt',
    'instant',
    'datetime calldatetime starttime startedat callstarttime callstart startdatetime starttimestamp contactdate calltime calldate timestamp callstartedat begintime started begin start date time createdat createddate conversationstart datestarted calldatetime localstarttime starttimeutc starttimestamputc datum',
    true,
  ),
  target(
    'user',
    'id',
    'useremail agentemail repemail useremailaddress email user userid username agent agentid agentname rep repid repname employeeid employee extension ext pbxnumber pbx agentlogin agentloginid loginid operatorid operator handledby owneremail owner ownerid salesrep advisor',
    true,
  ),
  target('direction', 'enum', 'direction calldirection dir calltype direct', true),
  target(
    'filename',
    'string',
    'filename recordingfilename audiofilename audiofile recordingfile recordingname recordingpath filepath mediafile file recording audio path recordingurl',
  ),
  target(
    'endedAt',
    'instant',
    'endtime endedat callendtime callend enddatetime endtimestamp ended end hanguptime stoptime stoptimestamp stopped conversationend dateended endtimeutc',
  ),
  target(
    'durationSeconds',
    'duration',
    'durationseconds durationinseconds callduration duration calldurationseconds talktime talkseconds calllength length durationsec seconds talkduration totalduration durationms durationmilliseconds durationminutes',
  ),
  target('callerId', 'phone', 'callerid caller callernumber ani fromnumber from'),
  target('contactName', 'string', 'contactname customername clientname leadname name'),
  target(
    'contactPhone',
    'phone',
    'contactphone contactphonenumber customerphone phonenumber phone tonumber to',
  ),
  target('contactEmail', 'email', 'contactemail customeremail clientemail'),
  target(
    'company',
    'string',
    'company companyname account accountname customercompany organization organisation',
  ),
  target(
    'contactReference',
    'id',
    'contactreference conversationid callid calluuid contactref reference uniqueid interactionid inum callsid sid',
  ),
  target('opportunityAmount', 'number', 'opportunityamount dealamount amount opportunityvalue dealvalue'),
  target('disposition', 'string', 'disposition calldisposition dispositioncode'),
  target('stage', 'string', 'callstage stage opportunitystage dealstage'),
  target('outcome', 'string', 'calloutcome outcome callresult result'),
  ...REFERENCES,
];

const NAME_PARTS = [
  target('firstName', 'string', 'firstname givenname forename'),
  target('lastName', 'string', 'lastname surname familyname'),
  target('name', 'string', 'name fullname'),
  target('title', 'string', 'title jobtitle position'),
  target('email', 'email', 'email emailaddress workemail'),
  target('phone', 'phone', 'phone phonenumber businessphone workphone telephone'),
  target('mobilePhone', 'phone', 'mobilephone mobile cell cellphone'),
];
const OWNER = target('ownerId', 'id', 'ownerid owner owneremail');
const NAME = target('name', 'string', 'name');
const AMOUNT = target('amount', 'number', 'amount value opportunityamount dealamount');

const identifier = (singular: string): KnownTarget =>
  target('externalId', 'id', `id ${singular}id externalid recordid ${singular}sfid salesforceid uid`, true);

const references = (...targets: string[]): KnownTarget[] =>
  REFERENCES.filter((known) => targets.includes(known.target));

/** Source: C16, C25. */
export const KNOWN_TARGETS: Readonly<Record<SampleKind, readonly KnownTarget[]>> = {
  call: CALL,
  contacts: [identifier('contact'), ...NAME_PARTS, ...references('accountId'), OWNER],
  leads: [
    identifier('lead'),
    ...NAME_PARTS,
    target('company', 'string', 'company companyname organization organisation'),
    target('status', 'string', 'status leadstatus'),
    OWNER,
  ],
  opportunities: [
    identifier('opportunity'),
    target('name', 'string', 'name opportunityname dealname'),
    target('stage', 'string', 'stage stagename opportunitystage dealstage'),
    AMOUNT,
    target('closeDate', 'instant', 'closedate closingdate expectedclosedate'),
    ...references('accountId', 'contactId'),
    OWNER,
  ],
  cases: [
    identifier('case'),
    target('caseNumber', 'string', 'casenumber'),
    target('subject', 'string', 'subject casesubject title'),
    target('status', 'string', 'status casestatus'),
    target('priority', 'string', 'priority casepriority'),
    ...references('accountId', 'contactId'),
    OWNER,
  ],
  accounts: [
    identifier('account'),
    { ...NAME, names: ['accountname', 'name', 'companyname', 'company'] },
    target('phone', 'phone', 'phone phonenumber telephone'),
    target('website', 'string', 'website url web domain'),
    target('industry', 'string', 'industry sector'),
    OWNER,
  ],
};
