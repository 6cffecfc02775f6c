import { makeOpenApi } from '../src/index.ts';

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly access: 'public' | 'trace' | 'read' | 'send' | 'analyze' | 'manage' | 'operate';
  /** Names of the parameters in the path. */
  readonly params: readonly string[];
  /** Names of the parameters in the query. */
  readonly query: readonly string[];
}

interface Described {
  readonly operationId: string;
  readonly 'x-access': Operation['access'];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
}

/** Every operation of the OpenAPI document. */
export async function listOperations(): Promise<Operation[]> {
  const { paths } = JSON.parse(await makeOpenApi()) as { paths: Record<string, Record<string, Described>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path,
      operationId: described.operationId,
      access: described['x-access'],
      params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
      query: (described.parameters ?? []).flatMap((each) => (each.in === 'query' ? [each.name] : [])),
    })),
  );
}

/** The path with its parameters filled in; throws for one that is not given. */
export const fillPath = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replace(/\{(\w+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`say what to put for {${name}} of ${path}`);
    return encodeURIComponent(value);
  });
