import { createHttpApi, type HttpDeps } from './create-http-api.ts';

/** The OpenAPI document as it is committed: indented JSON with a newline at the end. Needs no service. */
export async function makeOpenApi(): Promise<string> {
  // Describing the routes calls none of what they stand on.
  const deps = { checks: {} } as unknown as HttpDeps;
  const api = await createHttpApi(deps, {
    tokenKey: new Uint8Array(32),
    sftp: { host: 'localhost', port: 2222 },
  });
  try {
    return `${JSON.stringify(api.swagger(), null, 2)}\n`;
  } finally {
    await api.close();
  }
}
