import { SaxesParser } from 'saxes';

interface Element {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: Element[];
  text: string;
}

/** The fields of a document as saxes reads it and this file flattens it; null where saxes refuses it. */
export function fieldsBySaxes(text: string): Record<string, string> | null {
  const parser = new SaxesParser();
  const top: Element = { name: '', attributes: [], children: [], text: '' };
  const open = [top];
  let hasFailed = false;
  parser.on('error', () => {
    hasFailed = true;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = {
      name,
      attributes: Object.entries(attributes as Record<string, string>),
      children: [],
      text: '',
    };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const add = (piece: string): void => {
    open.at(-1)!.text += piece;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  try {
    parser.write(text).close();
  } catch {
    return null;
  }
  const [root] = top.children;
  return hasFailed || root === undefined ? null : flatten(root);
}

const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

function flatten(root: Element): Record<string, string> {
  const fields = new Map<string, string>();
  const scopes = (outside: Map<string, string>, element: Element): Map<string, string> =>
    new Map([
      ...outside,
      ...element.attributes.flatMap(([name, uri]): [string, string][] =>
        name.startsWith('xmlns:') ? [[name.slice(6), uri]] : [],
      ),
    ]);
  const isData = (name: string, scope: Map<string, string>): boolean => {
    const [prefix, local] = name.includes(':') ? name.split(':') : ['', name];
    if (name === 'xmlns' || prefix === 'xmlns' || prefix === 'xml') return false;
    return local === undefined || prefix === '' || scope.get(prefix!) !== SCHEMA_INSTANCE;
  };
  const walk = (element: Element, path: string, outside: Map<string, string>): void => {
    const scope = scopes(outside, element);
    if (element.children.length === 0) fields.set(path, element.text);
    else walkChildren(element, `${path}.`, scope);
    for (const [name, value] of element.attributes)
      if (isData(name, scope)) fields.set(`${path}@${name}`, value);
  };
  const walkChildren = (element: Element, prefix: string, scope: Map<string, string>): void => {
    for (const name of new Set(element.children.map((child) => child.name))) {
      const same = element.children.filter((child) => child.name === name);
      for (const [index, child] of same.entries())
        walk(child, `${prefix}${name}${same.length > 1 ? `[${index}]` : ''}`, scope);
    }
  };
  const scope = scopes(new Map([['xsi', SCHEMA_INSTANCE]]), root);
  walkChildren(root, '', scope);
  const taken = new Set(root.children.map((child) => child.name));
  for (const [name, value] of root.attributes)
    if (isData(name, scope)) fields.set(taken.has(name) ? `@${name}` : name, value);
  return Object.fromEntries(fields);
}
