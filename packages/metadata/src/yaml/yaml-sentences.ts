import type { ErrorCode } from 'yaml';

/** Our sentence for each of the library's errors: its own may repeat the text they complain of. */
export const YAML_SENTENCES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'Expected an alias to have no anchor or tag of its own.',
  BAD_ALIAS: 'Expected a name after `*` or `&`.',
  BAD_COLLECTION_TYPE: 'Expected a value that fits its tag.',
  BAD_DIRECTIVE: 'Expected a directive such as `%YAML 1.2`.',
  BAD_DQ_ESCAPE: 'Expected an escape that YAML knows after the backslash.',
  BAD_INDENT: 'Expected this to be indented like its neighbours, and brackets to be closed.',
  BAD_PROP_ORDER: 'Expected anchors and tags after the indicator.',
  BAD_SCALAR_START: 'Expected quotes around a value that begins with this character.',
  BLOCK_AS_IMPLICIT_KEY: 'Expected one key on this line: put quotes around a value that holds `: `.',
  BLOCK_IN_FLOW: 'Expected no block inside brackets.',
  DUPLICATE_KEY: 'Expected every key once.',
  IMPOSSIBLE: 'Expected YAML that can be read.',
  KEY_OVER_1024_CHARS: 'Expected `:` within 1,024 characters of the beginning of a key.',
  MISSING_CHAR: 'Expected a closing quote, a space or an indicator such as `:` or `,` here.',
  MULTILINE_IMPLICIT_KEY: 'Expected a key to end on the line where it begins.',
  MULTIPLE_ANCHORS: 'Expected at most one anchor.',
  MULTIPLE_DOCS: 'Expected one document, found several.',
  MULTIPLE_TAGS: 'Expected at most one tag.',
  NON_STRING_KEY: 'Expected the key to be a single value.',
  RESOURCE_EXHAUSTION: 'Expected values that are nested less deeply.',
  TAB_AS_INDENT: 'Expected spaces: YAML is not indented with tabs.',
  TAG_RESOLVE_FAILED: 'Expected a tag that YAML knows.',
  UNEXPECTED_TOKEN: 'Expected no such indicator or value here.',
};
