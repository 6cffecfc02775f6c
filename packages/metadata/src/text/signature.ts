/** What files begin with that are not text, and what to do about them. */
const SIGNATURES: readonly (readonly [hex: string, sentence: string])[] = [
  ['25504446', 'This is a PDF: export the data as CSV.'],
  ['d0cf11e0a1b11ae1', 'This is an old Office file, such as an Excel 97 workbook: save it as CSV.'],
  ['7b5c727466', 'This is a rich text document: save it as plain text.'],
  ['1f8b', 'This file is compressed with gzip: send what is in it.'],
  ['425a68', 'This file is compressed with bzip2: send what is in it.'],
  ['fd377a585a00', 'This file is compressed with xz: send what is in it.'],
  ['28b52ffd', 'This file is compressed with Zstandard: send what is in it.'],
  ['377abcaf271c', 'This is a 7-Zip archive: send the files in it.'],
  ['526172211a07', 'This is a RAR archive: send the files in it.'],
  ['53514c69746520666f726d6174203300', 'This is an SQLite database: export the data as CSV.'],
  ['50415231', 'This is a Parquet file: export the data as CSV.'],
  ['4f626a01', 'This is an Avro file: export the data as CSV.'],
  ['62706c6973743030', 'This is a binary property list: send it as XML.'],
  ['89504e470d0a1a0a', 'This is an image: send the data as text.'],
  ['ffd8ff', 'This is an image: send the data as text.'],
  ['47494638', 'This is an image: send the data as text.'],
  ['4f676753', 'This is a recording in Ogg: give it the extension of a recording.'],
  ['664c6143', 'This is a recording in FLAC: give it the extension of a recording.'],
  ['494433', 'This is an MP3: give it the extension of a recording.'],
  ['1a45dfa3', 'This is a recording in WebM or Matroska: give it the extension of a recording.'],
];

/** First bytes of all of them, and of RIFF: nearly every text begins with another, or is JSON. */
const BEGINNINGS: ReadonlySet<number> = new Set([
  0x50,
  0x52,
  ...SIGNATURES.map(([hex]) => Number.parseInt(hex.slice(0, 2), 16)),
]);

const ZIP = ['504b0304', '504b0506', '504b0708'];
/** A folder's name in the archive tells what an Office file is. */
const IN_ZIP: readonly (readonly [name: string, sentence: string])[] = [
  ['xl/', 'This is an Excel workbook: save it as CSV.'],
  ['word/', 'This is a Word document: save the data as CSV.'],
  ['ppt/', 'This is a PowerPoint presentation: save the data as CSV.'],
  ['opendocument.spreadsheet', 'This is an OpenDocument spreadsheet: save it as CSV.'],
  ['opendocument', 'This is an OpenDocument file: save the data as CSV.'],
];

/** Bytes of an archive's beginning and end that are searched for such names. */
const ZIP_SEARCH_BYTES = 64 * 1024;
const LONGEST = 16;

/** What a file is whose first bytes are those of no text, and what to do about it; null for anything else. */
export function describeSignature(bytes: Buffer): string | null {
  const isJson = bytes[0] === 0x7b && bytes[1] !== 0x5c;
  if ((isJson || !BEGINNINGS.has(bytes[0] ?? 0)) && bytes[4] !== 0x66) return null;
  const head = bytes.toString('hex', 0, LONGEST);
  if (ZIP.some((start) => head.startsWith(start))) return describeZip(bytes);
  const found = SIGNATURES.find(([start]) => head.startsWith(start) && isWhole(start, bytes));
  if (found !== undefined) return found[1];
  const word = bytes.toString('latin1', 0, LONGEST);
  if (/^(?:RIFF.{4}(?:WAVE|AVI )|.{4}ftyp)/s.test(word) && hasControl(bytes))
    return 'This is a recording: give it the extension of a recording.';
  return null;
}

/** A CSV may begin with the letters of a format's name: then a byte that no text has must follow. */
const isWhole = (start: string, bytes: Buffer): boolean =>
  !/^(?:[2-7][\da-f])+$/.test(start) || /^(?:25504446|7b5c)/.test(start) || hasControl(bytes);

const hasControl = (bytes: Buffer): boolean => bytes.subarray(0, 64).some((byte) => byte < 0x09);

function describeZip(bytes: Buffer): string {
  const names =
    bytes.toString('latin1', 0, ZIP_SEARCH_BYTES) +
    bytes.toString('latin1', Math.max(0, bytes.length - ZIP_SEARCH_BYTES));
  const found = IN_ZIP.find(([name]) => names.includes(name));
  return found?.[1] ?? 'This is a zip archive: send the files in it.';
}
