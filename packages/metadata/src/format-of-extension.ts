import type { MetadataFormat } from './parsed-metadata.ts';

const FORMATS: ReadonlyMap<string, MetadataFormat> = new Map([
  ['json', 'json'],
  ['xml', 'xml'],
  ['csv', 'csv'],
  ['yml', 'yaml'],
  ['yaml', 'yaml'],
]);

/** Which format a file extension (without its dot, any case) names; null when it is not metadata. Source: C12, C18. */
export const formatOfExtension = (ext: string): MetadataFormat | null =>
  FORMATS.get(ext.toLowerCase()) ?? null;
