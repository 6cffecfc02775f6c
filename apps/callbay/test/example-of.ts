/** A JSON schema of the OpenAPI document, as far as examples are made of it. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const STRINGS: Readonly<Record<string, string>> = {
  'date-time': '2026-03-01T09:30:00.000Z',
  date: '2026-03-01',
  guid: '0c0ffee0-0000-4000-8000-000000000001',
  uuid: '0c0ffee0-0000-4000-8000-000000000001',
};

/** A value that a schema allows, with every property; the last page of a list. */
export function exampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>): unknown {
  const { $ref, anyOf, oneOf, enum: values, example, properties, items } = schema;
  if ($ref !== undefined) return exampleOf(schemas[$ref.split('/').at(-1)!] ?? {}, schemas);
  if (example !== undefined) return example;
  if (schema.const !== undefined) return schema.const;
  if (values !== undefined) return values[0];
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return exampleOf(choices[0] ?? {}, schemas);
  const type = [schema.type].flat()[0];
  if (type === 'object') {
    const entries = Object.entries(properties ?? {}).map(([name, property]) => [
      name,
      name === 'nextCursor' ? null : exampleOf(property, schemas),
    ]);
    return Object.fromEntries(entries);
  }
  if (type === 'array') return [exampleOf(items ?? {}, schemas)];
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  return STRINGS[schema.format ?? ''] ?? 'text';
}
