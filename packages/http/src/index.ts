/**
 * The admin and export API over HTTP: routes, credentials, problems, the OpenAPI document.
 * It knows no database and no storage, only their ports, and decides nothing about calls.
 * apps/api builds it with adapters in hand and lets it listen.
 */
export { createHttpApi, type HttpDeps, type HttpOptions } from './create-http-api.ts';
export { makeOpenApi } from './make-openapi.ts';
export type { Api } from './server/api.ts';
