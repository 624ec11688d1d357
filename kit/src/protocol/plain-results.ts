import type { CacheHint } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import { SERVER_INFO } from '../calls/call.js';
import type { Access, Services } from '../calls/services.js';
import type { Tool } from '../definitions/definitions.js';
import type { Principal } from '../definitions/principal.js';
import { toBytes } from '../host/web.js';
import { type ChangeCapabilities, cacheHints, capabilities } from './offer.js';
import { type Era, type Method, MODERN_VERSION, type PlainRequest } from './requests.js';
import { visibleResources } from './resources.js';

/** The versions of a client that begins with `initialize`; one that names another gets the first. */
const INITIALIZED_VERSIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
] as const;

type Make = (asked: Asked) => object;

/** What a result depends on. */
interface Asked {
  readonly services: Services;
  readonly access: Access;
  readonly changes: ChangeCapabilities;
}

/** What each method gives as long as its caller may do the same. */
const RESULTS = new Map<Method, Make>([
  ['ping', () => ({})],
  // Without an effect on a server that remembers nothing of its clients.
  ['logging/setLevel', () => ({})],
  [
    'server/discover',
    ({ services, changes }) => ({
      supportedVersions: [MODERN_VERSION],
      capabilities: capabilities(changes, services.definitions),
      ...instructionsOf(services),
    }),
  ],
  ['tools/list', ({ services, access }) => ({ tools: toolsFor(services, access) })],
  ['prompts/list', ({ services, access }) => ({ prompts: promptsFor(services, access) })],
  [
    'resources/templates/list',
    ({ services, access }) => ({ resourceTemplates: templatesFor(services, access) }),
  ],
]);

type OfMethod = Map<Method, Uint8Array>;

/**
 * Results that depend on what their caller may do and on nothing else, as the MCP SDK makes them. Each is kept: to turn all schemas
 * into JSON for each request is what a list costs.
 */
export class PlainResults {
  readonly #kept: Readonly<Record<Era, WeakMap<Access, OfMethod>>> = {
    modern: new WeakMap(),
    legacy: new WeakMap(),
  };

  /** @param changes what clients of each family can hear of */
  constructor(
    private readonly services: Services,
    private readonly changes: Readonly<Record<Era, ChangeCapabilities>>,
  ) {}

  /** The result as JSON in UTF-8; `undefined` when it is none of these, or only the SDK can make it. */
  of({ era, method, params }: PlainRequest, principal: Principal): Uint8Array | undefined {
    if (method === 'initialize') return this.#introduction(String(params.protocolVersion));
    const make = RESULTS.get(method);
    if (make === undefined) return undefined;
    // The same object for all who may see the same.
    const access = this.services.policy.accessOf(principal);
    const kept = this.#keptFor(era, access);
    const result = kept.get(method) ?? this.#make(make, method, era, access);
    if (result !== undefined) kept.set(method, result);
    return result;
  }

  #keptFor(era: Era, access: Access): OfMethod {
    const known = this.#kept[era].get(access) ?? new Map();
    this.#kept[era].set(access, known);
    return known;
  }

  #make(make: Make, method: Method, era: Era, access: Access): Uint8Array | undefined {
    const { services } = this;
    try {
      const made = make({ services, access, changes: this.changes[era] });
      const ending = era === 'modern' ? endingOf(services, hintOf(method, services)) : undefined;
      return toBytes(withEnding(JSON.stringify(made), ending));
    } catch (error) {
      // A schema that JSON cannot express: the SDK says so.
      services.log.debug({ err: error }, `${method} is left to the MCP SDK`);
      return undefined;
    }
  }

  #introduction(version: string): Uint8Array {
    const { about, definitions } = this.services;
    const [latest] = INITIALIZED_VERSIONS;
    return toBytes(
      JSON.stringify({
        protocolVersion: INITIALIZED_VERSIONS.find((one) => one === version) ?? latest,
        capabilities: capabilities(this.changes.legacy, definitions),
        serverInfo: about,
        ...instructionsOf(this.services),
      }),
    );
  }
}

function instructionsOf({ instructions }: Services) {
  return instructions ? { instructions } : {};
}

/** Items by name, in the order that an object with these keys has. */
function inOrder<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return Object.values(Object.fromEntries(all.map((one) => [one.name, one])));
}

function toolsFor({ definitions }: Services, access: Access): object[] {
  const visible = [...definitions.tools.values()].filter(({ name }) => access.allows('tool', name));
  return inOrder(visible).map((tool) => {
    const { name, title, description, annotations, output } = tool;
    const outputSchema = output && asObject(jsonSchemaOf(output, 'output'));
    return {
      name,
      title,
      description,
      inputSchema: inputSchemaOf(tool),
      annotations,
      ...(outputSchema && { outputSchema }),
    };
  });
}

/** @throws when clients of 2025 would get another schema. */
function asObject(schema: JsonSchema): JsonSchema {
  if (schema.type !== 'object') throw new TypeError('The schema of a result is no object.');
  return schema;
}

function promptsFor({ definitions }: Services, access: Access): object[] {
  const visible = definitions.prompts.filter(({ name }) => access.allows('prompt', name));
  return inOrder(visible).map(({ name, title, description, args }) => ({
    name,
    title,
    description,
    arguments: argumentsOf(args),
  }));
}

function argumentsOf(schema: z.ZodObject): object[] {
  const { properties = {}, required = [] } = jsonSchemaOf(schema, 'input') as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description }]) => ({
    name,
    description,
    required: required.includes(name),
  }));
}

function templatesFor(services: Services, access: Access): object[] {
  const templates = visibleResources(services, access).flatMap((one) => ('uri' in one ? [] : one));
  return inOrder(templates).map(({ name, uriTemplate, title, description, mimeType }) => ({
    name,
    uriTemplate,
    title,
    description,
    mimeType,
  }));
}

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A schema as clients see it.
 * @throws when JSON Schema cannot express it
 */
function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const json = schema['~standard'].jsonSchema[io]({ target: 'draft-2020-12' });
  return io === 'input' ? { type: 'object', ...json } : json;
}

const inputs = new WeakMap<Tool, JsonSchema>();

/** What a tool wants to be called with. @throws when JSON Schema cannot express it */
export function inputSchemaOf(tool: Tool): JsonSchema {
  let schema = inputs.get(tool);
  if (schema === undefined) {
    schema = jsonSchemaOf(tool.input, 'input');
    inputs.set(tool, schema);
  }
  return schema;
}

/** What may be kept of a result, and how long; without a hint nothing. */
export const NOT_KEPT: CacheHint = { ttlMs: 0, cacheScope: 'private' };

function hintOf(method: Method, { policy }: Services): CacheHint {
  return (cacheHints(policy) as Partial<Record<Method, CacheHint>>)[method] ?? NOT_KEPT;
}

const endings = new WeakMap<Services, string>();

/** What each result of 2026-07-28 ends with, as JSON. @param hint of a result that may be kept */
export function endingOf(services: Services, hint?: CacheHint): string {
  let ending = endings.get(services);
  if (ending === undefined) {
    ending = `,"_meta":${JSON.stringify({ [SERVER_INFO]: services.about })}}`;
    endings.set(services, ending);
  }
  const { ttlMs, cacheScope } = { ...NOT_KEPT, ...hint };
  const kept = hint === undefined ? '' : `,"ttlMs":${ttlMs},"cacheScope":"${cacheScope}"`;
  return `,"resultType":"complete"${kept}${ending}`;
}

/** A result as JSON, with what comes at its end. */
export function withEnding(result: string, ending = ''): string {
  return ending === '' ? result : result.slice(0, -1) + ending;
}
