import { createHttpApi, type HttpDeps } from './create-http-api.ts';

/** Stands where a dependency would, for a document that calls none. */
const absent = new Proxy(
  {},
  {
    get: (_target, name) => () => {
      throw new Error(`describing the API called ${String(name)}`);
    },
  },
);

/** The OpenAPI document as it is committed: indented JSON with a newline at the end. Needs no service. */
export async function makeOpenApi(): Promise<string> {
  const names = [
    'tenants',
    'keys',
    'sftpUsers',
    'mappings',
    'files',
    'calls',
    'audit',
    'events',
    'purges',
    'retention',
    'alerts',
    'reconciliations',
    'blobs',
    'config',
    'yaml',
    'externalRecordings',
    'matches',
  ];
  const ports = Object.fromEntries(
    [...names, 'replayFile', 'readSample', 'previewMapping', 'lintMapping', 'replayMany', 'metrics'].map(
      (name) => [name, absent],
    ),
  );
  const deps = { ...ports, checks: {} } as unknown as HttpDeps;
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
