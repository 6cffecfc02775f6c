/**
 * Reads the bytes of JSON, XML, CSV and YAML metadata into records of source strings, and writes CSV rows.
 * It never touches a file, a clock or the network, never gives a value a type, and never throws for what the bytes
 * hold. Ingestion calls it inside a pool process; its results survive a structured clone on the way back.
 */
export { CsvStream, type CsvStreamRow } from './csv/csv-stream.ts';
export { fieldsOf as fieldsOfRow } from './csv/read-csv.ts';
export type { CsvHeader } from './csv/read-header.ts';
export { placeOfRow } from './csv/row-stream.ts';
export { toCsvCell, toCsvRow } from './csv/write-csv.ts';
export { formatOfExtension } from './format-of-extension.ts';
export { METADATA_LIMITS, type MetadataLimits } from './limits.ts';
export { parseMetadata } from './parse-metadata.ts';
export type { MetadataFormat, MetadataInput, ParsedMetadata } from './parsed-metadata.ts';
export { type EncodingContext, EncodingDetector, type EncodingVerdict } from './text/encoding-detector.ts';
export { describeSignature } from './text/signature.ts';
export { createDecoder, type PieceDecoder } from './text/text-decoder.ts';
export { readYamlValue, type YamlValue } from './yaml/read-yaml-value.ts';
export { writeYaml } from './yaml/write-yaml.ts';
