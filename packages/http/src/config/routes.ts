import { CONFIG_BYTES, ConfigQuery, ConfigResult, TenantConfig, TenantParams } from '@callbay/contracts';
import { CallbayError, issue } from '@callbay/core';
import { type ConfigStore, type Sampler, writeYaml } from '@callbay/ingestion';
import { z } from 'zod';
import { actorOf, principalOf } from '../auth/principal.ts';
import { found } from '../found.ts';
import type { Api } from '../server/api.ts';
import { InputError } from '../server/input-error.ts';
import { json, PROBLEMS } from '../server/openapi.ts';
import { checkInput } from '../server/validate.ts';
import { assertRecipients, type RecipientChecks } from '../tenants/recipients-change.ts';

const TAGS = ['tenants'];

const YamlText = z.string().meta({ description: 'A set-up file.' });

/** Needs an instance whose bodies are bytes. */
export function registerConfig(
  api: Api,
  { config, sampler, recipients }: { config: ConfigStore; sampler: Sampler; recipients: RecipientChecks },
): void {
  api.route({
    method: 'GET',
    url: '/v1/tenants/:tenantId/config',
    config: { access: 'read' },
    schema: {
      tags: TAGS,
      operationId: 'getConfig',
      summary: "Read a tenant's whole set-up as one YAML file",
      params: TenantParams,
      response: {
        200: {
          description: 'The set-up, without keys and secrets.',
          content: { 'application/yaml': { schema: YamlText } },
        },
        ...PROBLEMS,
      },
    },
    handler: async ({ params }, reply) => {
      const present = found(await config.readConfig(params.tenantId));
      const text = writeYaml(
        present,
        `The set-up of a Callbay tenant. Apply it with PUT; ?dryRun=true shows the difference.`,
      );
      return reply.header('content-type', 'application/yaml; charset=utf-8').send(Buffer.from(text) as never);
    },
  });

  api.route({
    method: 'PUT',
    url: '/v1/tenants/:tenantId/config',
    config: { access: 'manage', bytes: 'application/yaml', makesTenant: true, turn: 'none' },
    bodyLimit: CONFIG_BYTES,
    schema: {
      tags: TAGS,
      operationId: 'applyConfig',
      summary: 'Make a tenant what a set-up file says (the body: YAML), all of it or nothing',
      params: TenantParams,
      querystring: ConfigQuery,
      response: { 200: json('What that changed, or would change.', ConfigResult), ...PROBLEMS },
    },
    handler: async (request) => {
      const wanted = await readConfig(sampler, request.params.tenantId, request.body);
      await assertRecipients(wanted.settings, recipients);
      const { dryRun, create, confirm } = request.query;
      const makesTenant = create === 'true';
      if (makesTenant && principalOf(request).role !== 'operator') throw new CallbayError('FORBIDDEN');
      const options = { dryRun: dryRun === 'true', isConfirmed: confirm === 'true', makesTenant };
      return found(await config.applyConfig(request.params.tenantId, wanted, actorOf(request), options));
    },
  });
}

/** The set-up in a body; throws all that is wrong with it, each with its place in the file. */
async function readConfig(sampler: Sampler, tenantId: string, body: unknown): Promise<TenantConfig> {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new InputError('body', [issue('REQUIRED', 'Send the set-up file as the body.')]);
  }
  const read = await sampler.readYaml(tenantId, body);
  if ('issues' in read) throw new InputError('body', read.issues);
  const checked = checkInput(TenantConfig, read.value);
  if ('value' in checked) return checked.value;
  throw new InputError(
    'body',
    checked.issues.map((found) => ({ ...found, at: placed(found.at, read.places) })),
  );
}

/** `settings.crmWaitSeconds (line 4, column 3)`; of what is not there, the place of what should hold it. */
function placed(at: string | null, places: Readonly<Record<string, string>>): string | null {
  for (let path = at ?? ''; path !== ''; path = path.replace(/(?:^|\.)[^.[\]]*$|\[\d+\]$/, '')) {
    if (Object.hasOwn(places, path)) return `${at} (${places[path]})`;
  }
  return at;
}
