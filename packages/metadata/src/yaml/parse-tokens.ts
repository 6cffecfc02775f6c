import { type CST, Lexer, Parser } from 'yaml';
import { type MetadataLimits, SOURCE_CHARACTERS_PER_BYTE } from '../limits.ts';
import { type Fault, fault } from '../tree/source-node.ts';

export type YamlTokens =
  | { readonly ok: true; readonly tokens: readonly CST.Token[] }
  | { readonly ok: false; readonly fault: Fault };

/**
 * The concrete syntax of a YAML text, read lexeme by lexeme so that it stops at the limits. Everything the library
 * does later recurses as deep as the text nests, and in a process that has run a while that can end in an abort that
 * no catch sees: nothing deeper than the limit may get there. Source: case 75.
 */
export function parseTokens(text: string, limits: MetadataLimits): YamlTokens {
  const parser = new Parser();
  const stack = stackOf(parser);
  // The stack holds the document, the collections around this place, and perhaps a scalar.
  const maxStack = limits.depth + 2;
  const maxLength = limits.valueBytes * SOURCE_CHARACTERS_PER_BYTE;
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > limits.yamlTokens) return fault(offset, 'The YAML holds too many values.');
    if (lexeme.length > maxLength) return fault(offset, `A value is over ${limits.valueBytes} bytes.`);
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (stack.length > maxStack)
      return fault(offset, `Values are nested more than ${limits.depth} levels deep.`);
    if (!isMark(lexeme)) offset += lexeme.length;
  }
  for (const token of parser.end()) tokens.push(token);
  return { ok: true, tokens };
}

/** The lexer's marks stand for no characters of the text, which holds none of these. */
const isMark = (lexeme: string): boolean => lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f';

/** The parser's own stack, which its types hide. It is the only exact measure of depth before the harm is done. */
function stackOf(parser: Parser): readonly unknown[] {
  const stack: unknown = Reflect.get(parser, 'stack');
  if (!Array.isArray(stack))
    throw new Error('The yaml parser keeps no stack any more: its depth cannot be bounded.');
  return stack;
}
