import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CrmMapping,
  type CrmRowReader,
  type CrmType,
  canonicalExternalId,
  checkCrmPattern,
  crmReferencesOf,
  crmTypeOfHeader,
  crmTypeOfName,
  makeCrmRowReader,
  presetCrmMapping,
} from '../../src/index.ts';

describe('case 87: Salesforce ids of 15 and 18 characters are one object', () => {
  test.each([
    ['001D000000IqhSL', '001D000000IqhSLIAZ'],
    ['003000000000001', '003000000000001AAA'],
    ['0015000000abcde', '0015000000abcdeAAA'],
    ['0015000000ABCDE', '0015000000ABCDEAA5'],
    ['a0B5000000abCdE', 'a0B5000000abCdEEAU'],
    [' 001D000000IqhSLIAZ ', '001D000000IqhSLIAZ'],
    ['001d000000iqhsliaz', '001D000000IqhSLIAZ'],
    ['001D000000IQHSLIAZ', '001D000000IqhSLIAZ'],
    ['001D000000IqhSLiaz', '001D000000IqhSLIAZ'],
    ['A0B5000000ABCDEEAU', 'a0B5000000abCdEEAU'],
    ['\u200b001D000000IqhSL\u200b', '001D000000IqhSLIAZ'],
  ])('%s is %s', (given, canonical) => {
    expect(canonicalExternalId(given)).toBe(canonical);
  });

  test('case 87: the 15 are case-sensitive', () => {
    expect(canonicalExternalId('001D000000IqhSL')).not.toBe(canonicalExternalId('001d000000iqhsl'));
  });

  test('case 87: any 18 of one object are one id, whatever became of their case', () => {
    const fifteen = fc.stringMatching(/^00[1-9A-Za-z][0-9A-Za-z]{12}$/);
    fc.assert(
      fc.property(fifteen, fc.func(fc.boolean()), (id, isUpper) => {
        const whole = canonicalExternalId(id);
        const mixed = [...whole].map((c, n) => (isUpper(n) ? c.toUpperCase() : c.toLowerCase())).join('');
        expect(canonicalExternalId(mixed)).toBe(whole);
        expect(canonicalExternalId(whole)).toBe(whole);
      }),
    );
  });

  test.each(['customer-000001', '001000000000000ZZZ', '123456789012345', '42', 'CUST00000000001'])(
    'an id of another system stays as it is: %s',
    (id) => {
      expect(canonicalExternalId(id)).toBe(id);
    },
  );
});

describe('a CRM file is recognised by its name', () => {
  const settings = {};
  test.each([
    ['contacts.csv', 'contacts'],
    ['Contacts_2026-03-02.CSV', 'contacts'],
    ['OPPORTUNITIES-1.csv', 'opportunities'],
    ['cases 7.csv', 'cases'],
    ['accounts2.csv', 'accounts'],
    ['leads~2.csv', 'leads'],
    ['contactsheet.csv', null],
    ['contact.csv', null],
    ['my-contacts.csv', null],
    ['contacts.json', null],
    ['20260302-100000_outbound_1.csv', null],
  ])('%s → %s', (name, type) => {
    expect(crmTypeOfName(name, settings)).toBe(type);
  });

  test('a tenant’s own patterns take the place of the plural name, for the types it names', () => {
    const own = { crmFiles: { contacts: ['sf_contact_\\d+', 'people'] } };
    expect(crmTypeOfName('SF_Contact_12.csv', own)).toBe('contacts');
    expect(crmTypeOfName('contacts.csv', own)).toBe(null);
    expect(crmTypeOfName('leads.csv', own)).toBe('leads');
  });

  test('patterns that do not compile, or would grow without bound, are refused', () => {
    expect(checkCrmPattern('contacts(')[0]?.code).toBe('PATTERN_INVALID');
    expect(checkCrmPattern('((((a{100}){100}){100}){100})')[0]?.code).toBe('PATTERN_INVALID');
    expect(checkCrmPattern('(a+)+$')).toEqual([]);
    const started = performance.now();
    crmTypeOfName(`${'a'.repeat(200)}!.csv`, { crmFiles: { contacts: ['(a+)+$'] } });
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

const mapping = (source: string): CrmMapping => ({
  version: 1,
  fields: [{ source, target: 'externalId', type: 'id', required: true }],
  options: {},
});

test('a header means the one type whose mapping has its id column, and nothing where two do', () => {
  const mappings = new Map<CrmType, CrmMapping>([
    ['contacts', mapping('Person Key')],
    ['leads', mapping('Lead Key')],
  ]);
  expect(crmTypeOfHeader(['x', 'person key'], mappings)).toBe('contacts');
  expect(crmTypeOfHeader(['Person Key', 'Lead Key'], mappings)).toBe(null);
  expect(crmTypeOfHeader(['Id'], mappings)).toBe(null);
});

const context = { timeZone: 'UTC', receivedAtMs: 0 };
const readerOf = (columns: string[], type: CrmType, map = presetCrmMapping(type, columns)): CrmRowReader => {
  const reader = makeCrmRowReader(columns, type, map, context);
  if (!('read' in reader)) throw new Error(JSON.stringify(reader));
  return reader;
};

describe('the rows of a CRM file', () => {
  test('standard columns get their targets, others keep their names, empty cells are null', () => {
    const reader = readerOf(['Id', 'First Name', 'AccountId', 'Shoe size', 'name'], 'contacts');
    const row = reader.read([' 7 ', 'Ann "A"', '001D000000IqhSL', '0042', '']);
    expect(row).toMatchObject({ externalId: '7', references: ['001D000000IqhSLIAZ'] });
    expect(JSON.parse('json' in row ? row.json : '')).toEqual({
      accountId: '001D000000IqhSL',
      firstName: 'Ann "A"',
      'Shoe size': '0042',
      name: null,
    });
    expect(reader.references).toEqual([{ field: 'accountId', type: 'accounts' }]);
  });

  test('the order of columns does not change what a row is', () => {
    const one = readerOf(['Id', 'b', 'a'], 'leads').read(['1', 'B', 'A']);
    expect(readerOf(['a', 'Id', 'b'], 'leads').read(['A', '1', 'B'])).toEqual(one);
  });

  test('case 84, case 113: a row without an id, or with a word for that, is an error', () => {
    for (const word of ['  ', 'NULL', 'None', 'N/A', '-', ' n/a ', '\u200b'])
      expect(readerOf(['Id', 'a'], 'leads').read([word, 'x'])).toMatchObject({ code: 'METADATA_INVALID' });
  });

  test('case 113: a reference that is a word for nothing refers to nothing, and is null in the object', () => {
    const reader = readerOf(['Id', 'AccountId'], 'contacts');
    for (const word of ['NULL', 'None', 'N/A', '', '\u200b']) {
      const row = reader.read(['1', word]);
      expect(row).toMatchObject({ references: [null] });
      expect(JSON.parse('json' in row ? row.json : '')).toEqual({ accountId: null });
    }
  });

  test('case 113: the words that the mapping lists take the place of the usual ones, in ids and references too', () => {
    const preset = presetCrmMapping('contacts', ['Id', 'AccountId', 'Name']);
    const reader = readerOf(['Id', 'AccountId', 'Name'], 'contacts', {
      ...preset,
      fields: preset.fields.map((field) =>
        field.target === 'accountId' ? { ...field, type: 'string' } : field,
      ),
      options: { emptyWords: ['kein'] },
    });
    expect(reader.read(['Kein', 'x', 'y'])).toMatchObject({ code: 'METADATA_INVALID' });
    expect(reader.read(['none', 'KEIN', 'kein'])).toMatchObject({ externalId: 'none', references: [null] });
    expect(reader.read(['1', 'none', 'y'])).toMatchObject({ references: ['none'] });
  });

  test('a file without the id, or another required column, is drift; without an optional one it is not', () => {
    const map: CrmMapping = {
      ...mapping('Key'),
      fields: [
        ...mapping('Key').fields,
        { source: 'Mail', target: 'email', type: 'email', required: true },
        { source: 'Shoe', target: 'shoe', type: 'number' },
      ],
    };
    expect(makeCrmRowReader(['Mail'], 'contacts', map, context)).toMatchObject([
      { code: 'SCHEMA_DRIFT', at: 'Key' },
    ]);
    expect(makeCrmRowReader(['Key'], 'contacts', map, context)).toMatchObject([
      { code: 'SCHEMA_DRIFT', at: 'Mail' },
    ]);
    const reader = readerOf(['Key', 'Mail'], 'contacts', map);
    expect(reader.read(['1', 'a@b.c'])).toMatchObject({ json: '{"email":"a@b.c"}' });
    expect(reader.read(['1', ''])).toMatchObject({ code: 'METADATA_INVALID', at: 'Mail' });
    expect(reader.read(['1', 'nobody'])).toMatchObject({ code: 'METADATA_INVALID', at: 'Mail' });
    expect(makeCrmRowReader(['x'], 'cases', presetCrmMapping('cases', ['x']), context)).toMatchObject([
      { code: 'SCHEMA_DRIFT', at: 'Id' },
    ]);
  });

  test('columns named like members of every object are columns like any other', () => {
    const reader = readerOf(['Id', 'constructor', 'toString'], 'cases');
    const row = reader.read(['1', 'a', 'b']);
    expect('json' in row && row.json).toBe('{"constructor":"a","toString":"b"}');
  });
});

test('a call refers to objects by its id fields, in canonical form', () => {
  expect(
    crmReferencesOf({ contactId: '003000000000001', accountId: null, leadId: ' ', caseId: 7, user: 'x' }),
  ).toEqual([
    { field: 'contactId', type: 'contacts', externalId: '003000000000001AAA' },
    { field: 'caseId', type: 'cases', externalId: '7' },
  ]);
});
