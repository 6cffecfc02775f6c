/**
 * The W3C XML Conformance Test Suite, where W3C_XML_SUITE names its folder: `npm run soak -- suites` fetches and checks it.
 * James Clark's part of the suite is in suites.test.ts, which every run judges.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trimMarks } from '@callbay/core';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { parseMetadata } from '../src/index.ts';
import { parseText } from './parse-text.ts';
import { fieldsBySaxes } from './saxes-fields.ts';

const suite = process.env.W3C_XML_SUITE;

interface Case {
  readonly id: string;
  readonly type: string;
  readonly path: string;
  /** Whether the fifth edition of XML 1.0 judges the document so. */
  readonly isCurrent: boolean;
  /** Whether the case is of the recommendation on namespaces. */
  readonly isOfNamespaces: boolean;
}

/** The cases of the catalog, whose paths are relative to the last base that it names. */
function casesOf(folder: string): Case[] {
  const catalog = readFileSync(join(folder, 'cleaned/xmlconf-flattened.xml'), 'utf8');
  let base = '';
  return [...catalog.matchAll(/<(?:TEST|TESTCASES)\s[^>]*>/g)].flatMap(([tag]) => {
    const attributes = Object.fromEntries(
      [...tag.matchAll(/([\w:]+)\s*=\s*"([^"]*)"/g)].map(([, name, value]) => [name, value]),
    );
    base = attributes['xml:base'] ?? base;
    const { ID: id = '', TYPE: type, URI: uri = '', EDITION = '5', RECOMMENDATION = '' } = attributes;
    if (type === undefined) return [];
    const path = join(folder, 'xmlconf', base, uri);
    return [
      { id, type, path, isCurrent: EDITION.includes('5'), isOfNamespaces: RECOMMENDATION.startsWith('NS') },
    ];
  });
}

/** The document as text, by its mark or by its declaration, without the declaration's encoding. */
function decode(bytes: Buffer): string {
  const mark = bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : bytes[0] === 0xff ? 'utf-16le' : null;
  const [, declared] = /^<\?xml[^>]*encoding\s*=\s*["']([^"']+)/.exec(bytes.toString('latin1')) ?? [];
  const name = mark ?? declared ?? 'utf-8';
  return iconv.encodingExists(name) ? iconv.decode(bytes, name) : '';
}

/** Invisible marks at the ends of a name are no part of it. */
const sorted = (fields: object | null | undefined): string =>
  JSON.stringify(
    Object.entries(fields ?? {})
      .map(([name, text]) => [trimMarks(name), text])
      .sort(),
  );

/** What saxes reads of the same text, compared with what we read: `refused` where we read nothing. */
function judge(
  found: Readonly<Record<string, string>> | undefined,
  text: string,
): 'right' | 'refused' | 'wrong' {
  if (found === undefined) return 'refused';
  return sorted(found) === sorted(fieldsBySaxes(text)) ? 'right' : 'wrong';
}

const DOCUMENT_TYPE = /<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>/;

test.runIf(suite !== undefined)(
  'the W3C XML suite: what is not well-formed is refused, and what is read has its values',
  () => {
    const count = { right: 0, refused: 0, namespacesOnly: 0, wrong: 0 };
    const withoutTypes = { right: 0, refused: 0, wrong: 0 };
    const wrong: unknown[] = [];
    const cases = casesOf(suite!);
    for (const { id, type, path, isCurrent, isOfNamespaces } of cases) {
      const bytes = readFileSync(path);
      const text = decode(bytes);
      const parsed = parseMetadata({ bytes, format: 'xml' });
      const found = parsed.records[0]?.fields;
      // What an earlier edition refused, the current one may read.
      const mustRefuse = type === 'not-wf' && isCurrent;
      const read = judge(found, text);
      let verdict: keyof typeof count = read;
      if (mustRefuse && read === 'refused') verdict = 'right';
      // The document is well-formed XML, its prefixes are not declared: they are names like any other, and no value is lost.
      if (mustRefuse && read === 'right') verdict = isOfNamespaces ? 'namespacesOnly' : 'wrong';
      count[verdict] += 1;
      if (verdict === 'wrong') wrong.push({ id, type, path, found });
      // Most of the suite has document types, which we refuse. Without them its documents test the rest of the reader.
      if (!DOCUMENT_TYPE.test(text)) continue;
      const rest = text
        .replace(DOCUMENT_TYPE, '')
        .replace(/^<\?xml[^>]*\?>/, '')
        .toWellFormed();
      const again = judge(parseText('xml', rest).records[0]?.fields, rest);
      withoutTypes[again] += 1;
      if (again === 'wrong') wrong.push({ id, rest, found: parseText('xml', rest).records[0]?.fields });
    }
    process.stdout.write(`W3C XML suite: ${JSON.stringify(count)} of ${cases.length}\n`);
    process.stdout.write(`the same without document types: ${JSON.stringify(withoutTypes)}\n`);
    expect(cases.length).toBeGreaterThan(2_500);
    expect(wrong).toEqual([]);
  },
  300_000,
);
