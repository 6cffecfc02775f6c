import type { MetadataLimits } from '../limits.ts';
import { bytesOf, isLongerThan } from '../text/byte-length.ts';
import { brokenText } from '../text/decode.ts';
import { trimKey } from '../text/trim-key.ts';
import { overRecordLimit, quoteKey } from '../text/wording.ts';
import type { CsvHeader } from './read-header.ts';

/** Why a row is not a record of its header. */
export interface Misfit {
  readonly code: 'METADATA_INVALID' | 'ROW_TOO_LARGE';
  readonly message: string;
  /** It is hardly a row of data: the header again, or the closing line of a report. */
  readonly isStray?: boolean;
}

/** Holds rows against one header. */
export class RowFit {
  readonly #names: readonly string[];
  readonly #limits: MetadataLimits;
  readonly #nameBytes: number;
  readonly #encoding: string;
  /** By number of values, of which a row has a bounded number. */
  readonly #misfits = new Map<number, Misfit>();

  constructor({ names }: CsvHeader, limits: MetadataLimits, encoding: string) {
    this.#names = names;
    this.#limits = limits;
    this.#nameBytes = bytesOf(names);
    this.#encoding = encoding;
  }

  /** Null where the row fits. `mayBeBroken`: its text may hold bytes that are not characters. */
  complain(cells: readonly string[], mayBeBroken: boolean): Misfit | null {
    const wanted = this.#names.length;
    if (cells.length < wanted || (cells.length > wanted && hasValue(cells, wanted)))
      return this.#misfitOf(cells.length);
    if (mayBeBroken && cells.some((cell) => !cell.isWellFormed())) return invalid(brokenText(this.#encoding));
    if (cells[0] !== undefined && this.#isHeader(cells))
      return { ...invalid('The row repeats the header.'), isStray: true };
    const message = this.#complainOfBytes(cells);
    return message === null ? null : { code: 'ROW_TOO_LARGE', message };
  }

  /** Rows of one length are told in one sentence, which is made once: a hostile file holds millions of them. */
  #misfitOf(count: number): Misfit {
    const known = this.#misfits.get(count);
    if (known !== undefined) return known;
    const wanted = this.#names.length;
    const first = this.#names[count] ?? '';
    const misfit = invalid(
      count < wanted
        ? `Expected ${wanted} values, found ${count}: the row is short and ends before ${quoteKey(first)}. Write the delimiter for empty values, too.`
        : `Expected ${wanted} values, found ${count}: put quotes around a value that holds the delimiter.`,
    );
    const isStray = count < wanted && (count === 1 || count * 2 < wanted);
    const kept = isStray ? { ...misfit, isStray } : misfit;
    this.#misfits.set(count, kept);
    return kept;
  }

  /** As it is where files were put together, perhaps with a byte order mark in front. */
  #isHeader(cells: readonly string[]): boolean {
    const names = this.#names;
    if (cells[names.length - 1] !== names.at(-1) && trimKey(cells[names.length - 1]!) !== names.at(-1))
      return false;
    return names.every((name, index) => cells[index] === name || trimKey(cells[index] ?? '') === name);
  }

  #complainOfBytes(cells: readonly string[]): string | null {
    const { valueBytes, recordBytes } = this.#limits;
    let units = 0;
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index]!;
      units += cell.length;
      if (cell.length > valueBytes / 4 && isLongerThan(cell, valueBytes))
        return `The value of ${quoteKey(this.#names[index] ?? '')} is over ${valueBytes} bytes.`;
    }
    // A UTF-16 unit takes three bytes at most.
    if (this.#nameBytes + units * 3 <= recordBytes) return null;
    return this.#nameBytes + bytesOf(cells) > recordBytes ? overRecordLimit(this.#limits) : null;
  }
}

const hasValue = (cells: readonly string[], from: number): boolean => {
  for (let index = from; index < cells.length; index += 1) if (cells[index]!.trim() !== '') return true;
  return false;
};

const invalid = (message: string): Misfit => ({ code: 'METADATA_INVALID', message });
