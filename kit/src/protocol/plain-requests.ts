import type {
  CacheHint,
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  LoggingLevel,
  Notification,
  RequestId,
  RequestMeta,
  RequestMetaEnvelope,
} from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import {
  andThen,
  type CallRequest,
  type MaybePromise,
  orElse,
  SERVER_INFO,
} from '../calls/call.js';
import type { Access, Services } from '../calls/services.js';
import { runTool } from '../calls/tool-calls.js';
import { missingScopes, type Principal, type Tool } from '../definitions/definitions.js';
import { toBytes } from '../host/host.js';
import {
  type CallOutcome,
  type ChangeCapabilities,
  cacheHint,
  cacheHints,
  capabilities,
  findResource,
  getPrompt,
  listResources,
  RequestError,
  readResource,
  visibleResources,
} from './features.js';
import {
  LEVELS,
  type Method,
  MODERN_VERSION,
  type PlainRequest,
  type ProtocolEra,
} from './requests.js';

/** Whoever gets the answer; over stdio it has said more than its request does. */
type AnsweredCaller = Pick<RequestLifetime, 'signal' | 'whenOver'> &
  Partial<Pick<RequestLifetime, 'server' | 'level'>>;

/** A call that can be answered without the MCP SDK. */
export interface PlainCall {
  /**
   * @param notify takes each notification that comes before the answer, as JSON; the call may wait until it goes on
   * @returns the message that answers it, as JSON, or an outcome that only the SDK can put into words
   */
  run(
    caller: AnsweredCaller,
    notify: (message: string) => MaybePromise<void>,
  ): MaybePromise<string | CallOutcome>;
}

/** How a call of one method is run, and its outcome put into words. */
interface Prepared {
  run(request: CallRequest): MaybePromise<CallOutcome>;
  /** Whether the SDK would send an outcome as it is, byte for byte. */
  isPlain?(outcome: CallOutcome): boolean;
  /** How long the result may be kept, if clients are told that. */
  readonly hint?: CacheHint;
}

type Prepare = (
  request: PlainRequest,
  services: Services,
  principal: Principal,
) => Prepared | undefined;

/** The methods whose requests pass the pipeline. */
const CALLS = new Map<Method, Prepare>([
  ['tools/call', toolCall],
  ['resources/read', resourceRead],
  ['resources/list', resourceList],
  ['prompts/get', promptGet],
]);

/**
 * Prepares to answer a call as the MCP SDK does, but without building a server for it: that is what costs most. The call passes
 * the same pipeline, and runs once.
 * @returns `undefined` when the SDK has to see the call.
 */
export function plainCall(
  request: PlainRequest,
  services: Services,
  principal: Principal,
): PlainCall | undefined {
  const prepared = CALLS.get(request.method)?.(request, services, principal);
  if (prepared === undefined) return undefined;
  return {
    run(caller, notify) {
      const mcpReq = new PlainContext(request, caller, notify);
      const { server } = caller;
      const whenGone = (ended: () => void) => caller.whenOver(ended);
      const work = () => prepared.run({ mcpReq, whenGone, ...(server && { server }) });
      return andThen(
        orElse<CallOutcome | RequestError>(work, (error) => {
          if (error instanceof RequestError) return error;
          throw error;
        }),
        (outcome) => encodeAnswer(request, outcome, prepared, services) ?? (outcome as CallOutcome),
      );
    },
  };
}

function encodeAnswer(
  { id, era }: PlainRequest,
  outcome: CallOutcome | RequestError,
  { isPlain, hint }: Prepared,
  services: Services,
): string | undefined {
  if (outcome instanceof RequestError) {
    const { code, message, data } = outcome;
    return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } });
  }
  if (outcome.resultType === 'input_required' || isPlain?.(outcome) === false) return undefined;
  const result = era === 'modern' ? modernResult(outcome, services, hint) : JSON.stringify(outcome);
  return `{"result":${result},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
}

function toolCall({ name, args }: PlainRequest, services: Services, principal: Principal) {
  const tool = services.definitions.tools.get(name);
  if (tool === undefined || hasHeaderArguments(tool)) return undefined;
  if (missingScopes(principal, tool.scopes ?? []).length > 0) return undefined;
  const access = services.policy.accessOf(principal);
  if (!access.allows('tool', name) || access.needsApproval(name)) return undefined;
  const input = parsedAtOnce(tool.input, args);
  if (input === undefined) return undefined;
  return {
    run: (request: CallRequest) => runTool(tool, input, services, principal, request),
    isPlain: (outcome: CallOutcome) => isPlainResult(outcome as CallToolResult, tool),
  };
}

function promptGet({ name, args }: PlainRequest, services: Services, principal: Principal) {
  const prompt = services.definitions.prompts.find((one) => one.name === name);
  if (prompt === undefined || missingScopes(principal, prompt.scopes ?? []).length > 0) {
    return undefined;
  }
  if (!services.policy.accessOf(principal).allows('prompt', name)) return undefined;
  const parsed = parsedAtOnce(prompt.args, args);
  if (parsed === undefined) return undefined;
  return {
    run: (request: CallRequest) => getPrompt(prompt, parsed, services, principal, request),
  };
}

function resourceRead({ name }: PlainRequest, services: Services, principal: Principal) {
  if (!URL.canParse(name)) return undefined;
  const { href: uri } = new URL(name);
  const found = findResource(uri, services, services.policy.accessOf(principal));
  if (found === undefined) return undefined;
  const { resource, variables } = found;
  if (missingScopes(principal, resource.scopes ?? []).length > 0) return undefined;
  const { cacheSeconds } = resource;
  return {
    run: (request: CallRequest) =>
      readResource(resource, { uri, variables }, services, principal, request),
    hint: cacheSeconds === undefined ? NOT_KEPT : cacheHint(cacheSeconds, services.policy),
  };
}

function resourceList({ params }: PlainRequest, services: Services, principal: Principal) {
  const cursor = params.cursor as string | undefined;
  return {
    run: (request: CallRequest) => listResources(cursor, services, principal, request),
    hint: NOT_KEPT,
  };
}

/** What the SDK's context would be for a plain call. */
class PlainContext {
  readonly id: RequestId;
  readonly _meta: RequestMeta;
  readonly envelope?: RequestMetaEnvelope;

  constructor(
    private readonly request: PlainRequest,
    private readonly caller: AnsweredCaller,
    private readonly send: (message: string) => MaybePromise<void>,
  ) {
    this.id = request.id;
    this._meta = request.meta;
    if (request.era === 'modern') this.envelope = request.meta as RequestMetaEnvelope;
  }

  get signal(): AbortSignal {
    return this.caller.signal;
  }

  requestState(): undefined {}

  async notify(notification: Notification): Promise<void> {
    await this.send(JSON.stringify({ jsonrpc: '2.0', ...notification }));
  }

  async log(level: LoggingLevel, data: unknown, logger?: string): Promise<void> {
    // A client of 2026-07-28 that wants log messages says so, and then its call is not plain.
    if (this.request.era === 'modern') return;
    const { level: wanted = '' } = this.caller;
    if (LEVELS.indexOf(level) < LEVELS.indexOf(wanted)) return;
    await this.notify({ method: 'notifications/message', params: { level, data, logger } });
  }
}

function isTextBlock(one: ContentBlock): boolean {
  if (one?.type !== 'text' || typeof one.text !== 'string') return false;
  const keys = Object.keys(one);
  return keys.length === 2 && keys[0] === 'type';
}

/** Whether the SDK would send the result of a tool as it is, byte for byte: texts, and data that fits its schema. */
function isPlainResult(
  { content, structuredContent, isError }: CallToolResult,
  tool: Tool,
): boolean {
  if (!content.every(isTextBlock)) return false;
  if (isError) return true;
  if (tool.output === undefined) return true;
  return parsedAtOnce(tool.output, structuredContent) !== undefined;
}

/**
 * A value as a schema reads it; `undefined` when it does not fit, has to be waited for, or a check of the schema throws. The SDK
 * answers these. `~standard.validate` would begin to wait, and a rejection that nobody awaits ends the process.
 */
function parsedAtOnce<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
  try {
    return schema.safeParse(value).data;
  } catch {
    return undefined;
  }
}

/** With what every result of 2026-07-28 has. Most have no `_meta` of their own, and then it is the same end. */
function modernResult(outcome: CallOutcome, services: Services, hint?: CacheHint): string {
  const { _meta } = outcome;
  if (_meta === undefined)
    return withEnding(JSON.stringify(outcome), resultSuffixOf(services, hint));
  const meta = { ..._meta, [SERVER_INFO]: services.about };
  return JSON.stringify({ ...outcome, resultType: 'complete', _meta: meta });
}

/** The message that answers a call whose failure is this server's own. */
export function internalError(id: RequestId): string {
  const error = { code: -32603, message: 'Internal error' };
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}

const headerArguments = new WeakMap<Tool, boolean>();

/**
 * Whether a tool has arguments that clients repeat in headers (`x-mcp-header` in its schema), which have to be compared.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
function hasHeaderArguments(tool: Tool): boolean {
  let has = headerArguments.get(tool);
  if (has === undefined) {
    has = textOfInput(tool).includes('"x-mcp-header"');
    headerArguments.set(tool, has);
  }
  return has;
}

/** The SDK compares nothing where JSON Schema cannot express the arguments. */
function textOfInput(tool: Tool): string {
  try {
    return JSON.stringify(inputSchemaOf(tool));
  } catch {
    return '';
  }
}

/** Whoever waits for an answer, and may go away before it is there. */
export class RequestLifetime {
  /** Knows what a client of 2025 said when it connected. */
  readonly server: CallRequest['server'];
  readonly #works: (() => void)[] = [];
  #controller: AbortController | undefined;
  #isOver = false;

  /** @param level of the log messages that it wants; all when there is none */
  constructor(
    capabilities?: ClientCapabilities,
    readonly level?: string,
  ) {
    this.server = { server: { getClientCapabilities: () => capabilities } };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborted when it is over. Most calls end before they need it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.whenOver(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** Calls `work` when the answer is sent or the caller has gone. */
  whenOver(work: () => void): void {
    if (this.#isOver) work();
    else this.#works.push(work);
  }

  /** The answer is sent, or the caller has gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const work of this.#works) work();
  }
}

/** The versions of a client that begins with `initialize`; one that names another gets the first. */
const INITIALIZED_VERSIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
] as const;

type BuildResult = (asked: ResultInputs) => object;

/** What a result depends on. */
interface ResultInputs {
  readonly services: Services;
  readonly access: Access;
  readonly changes: ChangeCapabilities;
}

/** What each method gives as long as its caller may do the same. */
const RESULTS = new Map<Method, BuildResult>([
  ['ping', () => ({})],
  // Over HTTP without an effect: this server remembers nothing of its clients there.
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

function keptResults(): Readonly<Record<ProtocolEra, WeakMap<Access, OfMethod>>> {
  return { modern: new WeakMap(), legacy: new WeakMap() };
}

/**
 * Results that depend on what their caller may do and on nothing else, as the MCP SDK makes them. Each is kept: to turn all schemas
 * into JSON for each request is what a list costs.
 */
export class PlainResults {
  #kept = keptResults();
  #version = 0;

  /** @param changes what clients of each family can hear of */
  constructor(
    private readonly services: Services,
    private readonly changes: Readonly<Record<ProtocolEra, ChangeCapabilities>>,
  ) {}

  /** The result as JSON in UTF-8; `undefined` when it is none of these, or only the SDK can make it. */
  of({ era, method, params }: PlainRequest, principal: Principal): Uint8Array | undefined {
    if (method === 'initialize') return this.#introduction(String(params.protocolVersion));
    const make = RESULTS.get(method);
    if (make === undefined) return undefined;
    const { version } = this.services.definitions;
    if (version !== this.#version) {
      this.#kept = keptResults();
      this.#version = version;
    }
    // The same object for all who may see the same.
    const access = this.services.policy.accessOf(principal);
    const kept = this.#keptFor(era, access);
    const result = kept.get(method) ?? this.#make(make, method, era, access);
    if (result !== undefined) kept.set(method, result);
    return result;
  }

  #keptFor(era: ProtocolEra, access: Access): OfMethod {
    const known = this.#kept[era].get(access) ?? new Map();
    this.#kept[era].set(access, known);
    return known;
  }

  #make(
    make: BuildResult,
    method: Method,
    era: ProtocolEra,
    access: Access,
  ): Uint8Array | undefined {
    const { services } = this;
    try {
      const made = make({ services, access, changes: this.changes[era] });
      const ending =
        era === 'modern' ? resultSuffixOf(services, hintOf(method, services)) : undefined;
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
function inputSchemaOf(tool: Tool): JsonSchema {
  let schema = inputs.get(tool);
  if (schema === undefined) {
    schema = jsonSchemaOf(tool.input, 'input');
    inputs.set(tool, schema);
  }
  return schema;
}

/** What may be kept of a result, and how long; without a hint nothing. */
const NOT_KEPT: CacheHint = { ttlMs: 0, cacheScope: 'private' };

function hintOf(method: Method, { policy }: Services): CacheHint {
  return (cacheHints(policy) as Partial<Record<Method, CacheHint>>)[method] ?? NOT_KEPT;
}

const resultSuffixes = new WeakMap<Services, string>();

/** What each result of 2026-07-28 ends with, as JSON. @param hint of a result that may be kept */
function resultSuffixOf(services: Services, hint?: CacheHint): string {
  let ending = resultSuffixes.get(services);
  if (ending === undefined) {
    ending = `,"_meta":${JSON.stringify({ [SERVER_INFO]: services.about })}}`;
    resultSuffixes.set(services, ending);
  }
  const { ttlMs, cacheScope } = { ...NOT_KEPT, ...hint };
  const kept = hint === undefined ? '' : `,"ttlMs":${ttlMs},"cacheScope":"${cacheScope}"`;
  return `,"resultType":"complete"${kept}${ending}`;
}

/** A result as JSON, with what comes at its end. */
function withEnding(result: string, ending = ''): string {
  return ending === '' ? result : result.slice(0, -1) + ending;
}
