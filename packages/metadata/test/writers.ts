import type { MetadataFormat } from '../src/index.ts';

/** One flat record as each format would carry it: strings only, nothing lost. */
export const WRITERS: Readonly<Record<MetadataFormat, (fields: Readonly<Record<string, string>>) => string>> =
  {
    json: (fields) => JSON.stringify(fields),
    yaml: (fields) =>
      Object.entries(fields)
        .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}\n`)
        .join(''),
    xml: (fields) => {
      const elements = Object.entries(fields).map(
        ([key, value]) => `  <${key}>${escapeXml(value)}</${key}>\n`,
      );
      return `<?xml version="1.0"?>\n<call>\n${elements.join('')}</call>\n`;
    },
    csv: (fields) =>
      [Object.keys(fields), Object.values(fields)].map((row) => `${row.map(quote).join(',')}\r\n`).join(''),
  };

export const FORMATS = Object.keys(WRITERS) as MetadataFormat[];

const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

const escapeXml = (text: string): string =>
  text.replace(/[<>&"'\r]/g, (character) => `&#${character.charCodeAt(0)};`);
