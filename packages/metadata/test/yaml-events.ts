/** A value of yaml-test-suite's event notation: what a document holds, every scalar the string it stands for. */
export type EventValue =
  | string
  | { readonly list: EventValue[] }
  | { readonly map: (readonly [EventValue, EventValue])[] };

const NOTHING = /^(?:~|null|Null|NULL|)$/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', '\\': '\\' };

/** The documents that the events tell of. */
export function documentsOf(events: string): EventValue[] {
  const lines = events.split('\n').map((line) => line.replace(/^ +/, ''));
  const anchors = new Map<string, EventValue>();
  const documents: EventValue[] = [];
  let next = 0;
  const noteAnchor = (line: string, value: EventValue): EventValue => {
    const anchor = /^[=+]\w+(?: \[\]| \{\})? &(\S+)/.exec(line)?.[1];
    if (anchor !== undefined) anchors.set(anchor, value);
    return value;
  };
  const read = (): EventValue => {
    const line = lines[next]!;
    next += 1;
    if (line.startsWith('=ALI')) return anchors.get(line.slice(6)) ?? '';
    if (line.startsWith('=VAL')) {
      const [, style = ':', raw = ''] = /^=VAL(?: &\S+)?(?: <[^>]*>)? ([:'"|>])(.*)$/s.exec(line) ?? [];
      const text = raw.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);
      return noteAnchor(line, style === ':' && NOTHING.test(text) ? '' : text);
    }
    if (line.startsWith('+SEQ')) {
      const list: EventValue[] = [];
      noteAnchor(line, { list });
      while (!lines[next]!.startsWith('-SEQ')) list.push(read());
      next += 1;
      return { list };
    }
    const map: (readonly [EventValue, EventValue])[] = [];
    noteAnchor(line, { map });
    while (!lines[next]!.startsWith('-MAP')) map.push([read(), read()]);
    next += 1;
    return { map };
  };
  for (; next < lines.length; next += 1)
    if (lines[next]!.startsWith('+DOC')) {
      next += 1;
      documents.push(read());
    }
  return documents;
}

/** The fields of a map under flattened paths; null where a key is no text. */
export function fieldsOfEvents(value: EventValue): Record<string, string> | null {
  const fields = new Map<string, string>();
  let isPlain = true;
  const walk = (node: EventValue, path: string): void => {
    if (typeof node === 'string') fields.set(path, node);
    else if ('list' in node) {
      if (node.list.length === 0) fields.set(path, '');
      for (const [index, item] of node.list.entries()) walk(item, `${path}[${index}]`);
    } else {
      if (node.map.length === 0 && path !== '') fields.set(path, '');
      for (const [key, item] of node.map) {
        if (typeof key === 'string') walk(item, path === '' ? key.trim() : `${path}.${key.trim()}`);
        else isPlain = false;
      }
    }
  };
  walk(value, '');
  return isPlain ? Object.fromEntries(fields) : null;
}
