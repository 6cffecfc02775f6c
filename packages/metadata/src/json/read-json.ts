import type { MetadataLimits } from '../limits.ts';
import { fault, type SourceEntry, type SourceNode, type TreeReading } from '../tree/source-node.ts';
import {
  fail,
  failExpecting,
  type JsonCursor,
  readString,
  readWord,
  skipSpace,
  take,
} from './json-cursor.ts';

interface JsonState extends JsonCursor {
  readonly limits: MetadataLimits;
  nodes: number;
}

/**
 * A JSON text (RFC 8259 and nothing more) as a tree of its source strings: numbers and booleans as they are written,
 * null as ''. The first fault ends it. Depth and size are checked on the way, so no text makes it recurse or grow past
 * the limits. JSON.parse would round long numbers and let the second of two equal keys win. Source: case 70, case 73.
 */
export function readJson(text: string, limits: MetadataLimits, isList = false): TreeReading {
  const state: JsonState = { text, position: 0, problem: null, limits, nodes: 0 };
  skipSpace(state);
  const root = readValue(state, 1);
  skipSpace(state);
  if (state.problem === null && state.position < text.length && beginsLine(state))
    return readLines(state, root, isList);
  if (state.position < text.length) failExpecting(state, 'the end of the file');
  if (state.problem !== null) return { ok: false, fault: state.problem };
  if (root === null) throw new Error('A JSON reader stopped without saying why.');
  return { ok: true, root };
}

/** Whether a line of its own begins here, as in a file with one JSON object on each. */
function beginsLine({ text, position }: JsonState): boolean {
  if (text[position] !== '{') return false;
  let last = position - 1;
  while (text[last] === ' ' || text[last] === '\t') last -= 1;
  return text[last] === '\n' || text[last] === '\r';
}

/** NDJSON: a list of the values of all lines where lists are taken. */
function readLines(state: JsonState, first: SourceNode | null, isList: boolean): TreeReading {
  if (!isList)
    return fault(
      state.position,
      'Expected the end of the file, found a second JSON value: one on each line (NDJSON) is a batch where the option `manyRecords` is set; else send one object.',
    );
  const items = first === null ? [] : [first];
  while (state.problem === null && state.position < state.text.length) {
    if (!beginsLine(state)) failExpecting(state, 'a line of its own for each JSON value');
    else {
      const item = readValue(state, 2);
      if (item !== null) items.push(item);
      skipSpace(state);
    }
  }
  if (state.problem !== null) return { ok: false, fault: state.problem };
  return { ok: true, root: { kind: 'list', items, offset: 0 } };
}

function readValue(state: JsonState, depth: number): SourceNode | null {
  const { limits, position: offset } = state;
  state.nodes += 1;
  // Each field may have one container of its own; more than that is not metadata.
  if (state.nodes > 2 * limits.fieldsPerFile) return fail(state, offset, 'The file holds too many values.');
  const first = state.text[offset];
  if ((first === '{' || first === '[') && depth > limits.depth) {
    return fail(state, offset, `Values are nested more than ${limits.depth} levels deep.`);
  }
  if (first === '{') {
    const entries = readMembers(state, '}', () => readEntry(state, depth));
    return entries && { kind: 'map', entries, offset };
  }
  if (first === '[') {
    const items = readMembers(state, ']', () => readValue(state, depth + 1));
    return items && { kind: 'list', items, offset };
  }
  const text = first === '"' ? readString(state) : readWord(state);
  if (text === null) return null;
  return { kind: 'text', text: first === 'n' ? '' : text, offset };
}

function readEntry(state: JsonState, depth: number): SourceEntry | null {
  const offset = state.position;
  if (state.text[offset] !== '"') return failExpecting(state, 'a key in double quotes');
  const key = readString(state);
  if (key === null) return null;
  skipSpace(state);
  if (!take(state, ':')) return failExpecting(state, '`:` after the key');
  skipSpace(state);
  const value = readValue(state, depth + 1);
  return value && { key, offset, value };
}

function readMembers<Member>(
  state: JsonState,
  close: '}' | ']',
  readMember: () => Member | null,
): Member[] | null {
  const members: Member[] = [];
  state.position += 1;
  skipSpace(state);
  if (take(state, close)) return members;
  while (true) {
    const member = readMember();
    if (member === null) return null;
    members.push(member);
    skipSpace(state);
    if (take(state, close)) return members;
    if (!take(state, ',')) return failExpecting(state, `\`,\` or \`${close}\``);
    skipSpace(state);
  }
}
