/**
 * A value as JSON text, which goes into an answer as it is: what a customer sent may be megabytes, and nobody between
 * the database and the client looks into it.
 */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value as JSON. Where it holds a `JsonText`, its text. Fields that are undefined are left out. */
export function writeJson(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map((part) => writeJson(part ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts: string[] = [];
  for (const [name, part] of Object.entries(value)) {
    if (part !== undefined) parts.push(`${JSON.stringify(name)}:${writeJson(part)}`);
  }
  return `{${parts.join(',')}}`;
}
