/*
 * Many rows as parameters of one statement: an array for each column, in the binary format of the wire. Nothing is quoted
 * here and parsed there, which is half of what rows cost as one JSON document.
 */

/** Columns of `json` and `jsonb` are JSON texts, those of `timestamptz` epoch milliseconds. */
export type ColumnType =
  | 'boolean'
  | 'float8'
  | 'int4'
  | 'int8'
  | 'json'
  | 'jsonb'
  | 'text'
  | 'timestamptz'
  | 'uuid';

export type Columns = Readonly<Record<string, ColumnType>>;

interface Values {
  readonly boolean: boolean;
  readonly float8: number;
  readonly int4: number;
  readonly int8: number;
  readonly json: string;
  readonly jsonb: string;
  readonly text: string;
  readonly timestamptz: number;
  readonly uuid: string;
}

/** A row of the columns. What is absent is null. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]?: Values[C[Name]] | null | undefined };

/**
 * A query of the rows whose arrays are parameters from `$first` on. The arrays stand in the select list, where they are
 * read side by side; as functions in FROM each would be written to a table of its own first.
 */
export const rowsSql = (columns: Columns, first: number): string =>
  `SELECT ${Object.entries(columns)
    .map(([name, type], n) => `unnest($${first + n}::${type}[]) AS ${name}`)
    .join(', ')}`;

/**
 * The parameters of `rowsSql`. A column without any value is null: beside other arrays it is filled with nulls, so that at
 * least one column must have a value in every row.
 */
export const arraysOf = <C extends Columns>(columns: C, rows: readonly RowOf<C>[]): (Buffer | null)[] =>
  Object.entries(columns).map(([name, type]) =>
    arrayOf(
      FORMATS[type] as Format<unknown>,
      rows.map((row) => row[name]),
    ),
  );

/** How values of a type go over the wire. A value may be measured before it is written. */
interface Format<T> {
  readonly oid: number;
  readonly sizeOf: (value: T) => number;
  readonly write: (buffer: Buffer, at: number, value: T, size: number) => void;
}

const fixed = <T>(oid: number, size: number, write: Format<T>['write']): Format<T> => ({
  oid,
  sizeOf: () => size,
  write,
});

const string = (oid: number): Format<string> => ({
  oid,
  sizeOf: Buffer.byteLength,
  write: (buffer, at, value) => void buffer.write(value, at),
});

const EPOCH_2000_MS = Date.UTC(2000, 0, 1);
/** Every value of `jsonb` begins with the version of its format. */
const JSONB_VERSION = 1;
const UUID_BYTES = 16;

function writeInt64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
}

function writeUuid(buffer: Buffer, at: number, value: string): void {
  const written = buffer.write(value.replaceAll('-', ''), at, UUID_BYTES, 'hex');
  if (written !== UUID_BYTES) throw new TypeError('not a UUID');
}

const FORMATS: { readonly [Type in ColumnType]: Format<Values[Type]> } = {
  boolean: fixed(16, 1, (buffer, at, value) => void buffer.writeUInt8(value ? 1 : 0, at)),
  float8: fixed(701, 8, (buffer, at, value) => void buffer.writeDoubleBE(value, at)),
  int4: fixed(23, 4, (buffer, at, value) => void buffer.writeInt32BE(value, at)),
  int8: fixed(20, 8, writeInt64),
  json: string(114),
  jsonb: {
    oid: 3802,
    sizeOf: (value) => 1 + Buffer.byteLength(value),
    write: (buffer, at, value) => void buffer.write(value, buffer.writeUInt8(JSONB_VERSION, at)),
  },
  text: string(25),
  timestamptz: fixed(1184, 8, (buffer, at, value) => writeInt64(buffer, at, (value - EPOCH_2000_MS) * 1_000)),
  uuid: fixed(2950, UUID_BYTES, writeUuid),
};

const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

function arrayOf<T>(format: Format<T>, values: readonly (T | null | undefined)[]): Buffer | null {
  const sizes = new Int32Array(values.length);
  let [bytes, nulls] = [HEADER_BYTES + values.length * LENGTH_BYTES, 0];
  for (let n = 0; n < values.length; n += 1) {
    const value = values[n];
    sizes[n] = value === null || value === undefined ? NULL_LENGTH : format.sizeOf(value);
    if (sizes[n]! < 0) nulls += 1;
    else bytes += sizes[n]!;
  }
  if (nulls === values.length) return null;
  const buffer = Buffer.allocUnsafe(bytes);
  writeHeader(buffer, format.oid, values.length, nulls > 0);
  let at = HEADER_BYTES;
  for (let n = 0; n < values.length; n += 1) {
    const size = sizes[n]!;
    at = buffer.writeInt32BE(size, at);
    if (size < 0) continue;
    format.write(buffer, at, values[n]!, size);
    at += size;
  }
  return buffer;
}

/** Of an array of one dimension whose first element is number 1. */
function writeHeader(buffer: Buffer, oid: number, length: number, hasNulls: boolean): void {
  const words = [1, hasNulls ? 1 : 0, oid, length, 1];
  for (let n = 0; n < words.length; n += 1) buffer.writeInt32BE(words[n]!, n * LENGTH_BYTES);
}
