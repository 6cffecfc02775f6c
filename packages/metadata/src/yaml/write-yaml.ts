import { stringify } from 'yaml';

/** A plain value as YAML 1.2 that reads back as the same value, under a first line of comment. */
export const writeYaml = (value: unknown, comment: string): string =>
  `# ${comment}\n${stringify(value, { schema: 'core', aliasDuplicateObjects: false, lineWidth: 100 })}`;
