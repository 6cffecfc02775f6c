import { crc32, deflateRawSync } from 'node:zlib';

/** One entry as it is written; what its headers say is its own unless they are told to lie. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes?: Uint8Array;
  readonly isDeflated?: boolean;
  /** Unix mode, as for a link: `0o120777`. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly extra?: Uint8Array;
  /** Only in the header beside the bytes. */
  readonly local?: Partial<Record<'crc' | 'size' | 'packed' | 'method' | 'flags', number>> & {
    readonly name?: string;
  };
  /** Only in the directory. */
  readonly central?: Partial<Record<'crc' | 'size' | 'packed' | 'offset', number>>;
}

export interface ZipShape {
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
  readonly comment?: string;
  /** Entries as the end of the directory counts them. */
  readonly count?: number;
  readonly directoryOffset?: number;
  readonly directorySize?: number;
}

function header(size: number, fill: (view: DataView) => void): Buffer {
  const bytes = Buffer.alloc(size);
  fill(new DataView(bytes.buffer, bytes.byteOffset, size));
  return bytes;
}

/** A zip archive of these entries, lies included: for tests of readers. */
export function writeZip(entries: readonly ZipEntry[], shape: ZipShape = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(shape.before ?? [])];
  const directory: Buffer[] = [];
  let offset = parts[0]!.length;
  for (const entry of entries) {
    const bytes = Buffer.from(entry.bytes ?? []);
    const packed = entry.isDeflated === true ? deflateRawSync(bytes) : bytes;
    const method = entry.method ?? (entry.isDeflated === true ? 8 : 0);
    const own = {
      crc: crc32(bytes),
      size: bytes.length,
      packed: packed.length,
      method,
      flags: entry.flags ?? 0x800,
    };
    const [local, central] = [
      { ...own, name: entry.name, ...entry.local },
      { ...own, offset, ...entry.central },
    ];
    const [localName, name] = [Buffer.from(local.name), Buffer.from(entry.name)];
    const extra = Buffer.from(entry.extra ?? []);
    const head = header(30, (view) => {
      view.setUint32(0, 0x04034b50, true);
      view.setUint16(4, 20, true);
      view.setUint16(6, local.flags, true);
      view.setUint16(8, local.method, true);
      view.setUint32(14, local.crc, true);
      view.setUint32(18, local.packed, true);
      view.setUint32(22, local.size, true);
      view.setUint16(26, localName.length, true);
    });
    parts.push(head, localName, packed);
    const listed = header(46, (view) => {
      view.setUint32(0, 0x02014b50, true);
      view.setUint16(4, 0x031e, true);
      view.setUint16(6, 20, true);
      view.setUint16(8, central.flags, true);
      view.setUint16(10, central.method, true);
      view.setUint32(16, central.crc, true);
      view.setUint32(20, central.packed, true);
      view.setUint32(24, central.size, true);
      view.setUint16(28, name.length, true);
      view.setUint16(30, extra.length, true);
      view.setUint32(38, ((entry.mode ?? 0o100644) << 16) >>> 0, true);
      view.setUint32(42, central.offset, true);
    });
    directory.push(listed, name, extra);
    offset += head.length + localName.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const comment = Buffer.from(shape.comment ?? '');
  const end = header(22, (view) => {
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(8, shape.count ?? entries.length, true);
    view.setUint16(10, shape.count ?? entries.length, true);
    view.setUint32(12, shape.directorySize ?? listing.length, true);
    view.setUint32(16, shape.directoryOffset ?? offset, true);
    view.setUint16(20, comment.length, true);
  });
  return Buffer.concat([...parts, listing, end, comment, Buffer.from(shape.after ?? [])]);
}
