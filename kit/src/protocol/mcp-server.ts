import {
  type GetPromptResult,
  isSpecType,
  McpServer,
  type ReadResourceResult,
  type RequestId,
  type ServerContext,
  type ServerEvent,
  UriTemplate,
  ResourceTemplate as UriTemplateResource,
} from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { MaybePromise } from '../calls/call.js';
import { runCall } from '../calls/run-call.js';
import type { Services } from '../calls/services.js';
import { runTool, type ToolOutcome } from '../calls/tool-calls.js';
import {
  type CallContext,
  type Change,
  type Completer,
  missingScopes,
  type Principal,
  type Tool,
  ToolError,
} from '../definitions/definitions.js';
import {
  type CallOutcome,
  cacheHint,
  cacheHints,
  capabilities,
  getPrompt,
  listResources,
  readResource,
  type ServerScope,
  toProtocolError,
  type Variables,
  visibleResources,
} from './features.js';

/** An MCP server for one caller. Everything costly lives in `services` and at module scope. */
export function createMcpServer(
  services: Services,
  principal: Principal,
  scope: ServerScope = {},
): McpServer {
  const { about, definitions, policy, callStates } = services;
  const { method, changes = 'none' } = scope;
  const server = new McpServer(about, {
    capabilities: capabilities(changes, definitions),
    cacheHints: cacheHints(policy),
    requestState: { verify: (text, sdk) => callStates.verify(text, sdk) },
    ...(definitions.isLive && { debouncedNotificationMethods: LIST_NOTIFICATIONS }),
    ...(services.instructions !== undefined && { instructions: services.instructions }),
  });
  const has = (...kinds: string[]) =>
    method === undefined || kinds.some((kind) => method.startsWith(kind));
  const completions = new Completions();
  const offer = { server, services, principal, completions, scope, registered: [] };
  const register = () => {
    if (has('tools/')) registerTools(offer);
    if (has('resources/', 'completion/')) registerResources(offer);
    if (has('prompts/', 'completion/')) registerPrompts(offer);
  };
  register();
  if (definitions.offersCompletions && has('completion/')) completions.register(server);
  if (definitions.isLive) refreshers.set(server, () => registerAgain(offer, register));
  return server;
}

const LIST_NOTIFICATIONS = ['tools', 'resources', 'prompts'].map(
  (list) => `notifications/${list}/list_changed`,
);

const refreshers = new WeakMap<McpServer, () => void>();

/** Offers what there is now on a server that outlives a change. The MCP SDK tells the client of it, once for each list. */
export function refresh(server: McpServer): void {
  refreshers.get(server)?.();
}

function registerAgain({ registered, completions }: Registration, register: () => void): void {
  for (const one of registered.splice(0)) one.remove();
  completions.clear();
  register();
}

/** Registers the tools that the caller may see; their calls go through the pipeline. */
export function registerTools(offer: Registration): void {
  const { server, services, principal, scope, registered } = offer;
  const { tool: wanted, stepUp } = scope;
  const access = services.policy.accessOf(principal);
  for (const tool of startingWith(wanted, services.definitions.tools)) {
    const { name, title, description, input, output, annotations } = tool;
    if (!access.allows('tool', name)) continue;
    const config = {
      title,
      description,
      inputSchema: withKeptJson(input),
      ...(output && { outputSchema: withKeptJson(output) }),
      annotations,
      ...(tool.scopes && stepUp && { scopeChallenge: stepUp(tool.scopes, principal) }),
    };
    const handler = async (args: Record<string, unknown>, { mcpReq }: ServerContext) => {
      const outcome = take(mcpReq.id, scope);
      if (outcome !== undefined) return outcome as ToolOutcome;
      // Asked at the call: over stdio this server lives on while the policy changes.
      const { policy } = services;
      const request = { mcpReq, server };
      if (!policy.accessOf(principal).needsApproval(name) || policy.approvals === undefined) {
        return await runTool(tool, args, services, principal, request);
      }
      const { approvals } = policy;
      return await runTool(tool, args, services, principal, request, (input, ctx) =>
        approvals.run({ tool: name, args, principal, request }, () => tool.run(input, ctx)),
      );
    };
    registered.push(server.registerTool(name, config, handler));
    if (wanted !== undefined) return;
  }
}

const kept = new WeakMap<z.ZodObject, z.ZodObject>();

/**
 * The same schema, whose JSON is made once. A server that lives for one call asks for the JSON of both schemas of its tool, an eighth
 * of what the SDK costs.
 */
function withKeptJson(schema: z.ZodObject): z.ZodObject {
  let known = kept.get(schema);
  if (known === undefined) {
    const { jsonSchema, ...standard } = schema['~standard'];
    const made = new Map<string, Record<string, unknown>>();
    const once = (io: 'input' | 'output') => (options: Parameters<typeof jsonSchema.input>[0]) => {
      const key = `${io} ${options.target}`;
      const json = made.get(key) ?? jsonSchema[io](options);
      made.set(key, json);
      return json;
    };
    const value = { ...standard, jsonSchema: { input: once('input'), output: once('output') } };
    known = Object.create(schema, { '~standard': { value } }) as z.ZodObject;
    kept.set(schema, known);
  }
  return known;
}

/** What has become of a call already. When the human has answered, it runs again. */
function take(id: RequestId, { outcomes }: ServerScope): CallOutcome | undefined {
  const outcome = outcomes?.get(id);
  outcomes?.delete(id);
  return outcome;
}

/** The tool of this name first: when it is not there for the caller, it takes a server with some other tool to say so. */
function* startingWith(
  name: string | undefined,
  tools: ReadonlyMap<string, Tool>,
): Generator<Tool> {
  const wanted = name === undefined ? undefined : tools.get(name);
  if (wanted !== undefined) yield wanted;
  yield* tools.values();
}

/** Registers the prompts that the caller may see; they go through the pipeline. */
export function registerPrompts(offer: Registration): void {
  const { server, services, principal, completions, scope, registered } = offer;
  const access = services.policy.accessOf(principal);
  for (const prompt of services.definitions.prompts) {
    const { name, title, description, args: argsSchema, scopes, complete: completers } = prompt;
    if (!access.allows('prompt', name)) continue;
    const call = { kind: 'prompt', name, ...(scopes && { scopes }) } as const;
    const config = {
      title,
      description,
      argsSchema,
      ...(scopes && scope.stepUp && { scopeChallenge: scope.stepUp(scopes, principal) }),
    };
    const handler = async (args: Record<string, unknown>, { mcpReq }: ServerContext) => {
      const outcome = take(mcpReq.id, scope) as GetPromptResult | undefined;
      return outcome ?? (await getPrompt(prompt, args, services, principal, { mcpReq, server }));
    };
    registered.push(server.registerPrompt(name, config, handler));
    if (completers === undefined) continue;
    completions.add('ref/prompt', name, (completion, { mcpReq }) =>
      runCall({ ...call, isCompletion: true }, services, principal, { mcpReq, server }, (ctx) =>
        complete(completers, completion, ctx),
      ),
    );
  }
}

/** Registers the resources that the caller may see; their reads go through the pipeline. */
export function registerResources(offer: Registration): void {
  const { server, services, principal, completions, scope, registered } = offer;
  const access = services.policy.accessOf(principal);
  for (const resource of visibleResources(services, access)) {
    const { name, title, description, mimeType, scopes, cacheSeconds } = resource;
    const metadata = {
      title,
      description,
      mimeType,
      ...(cacheSeconds !== undefined && { cacheHint: cacheHint(cacheSeconds, services.policy) }),
      ...(scopes && scope.stepUp && { scopeChallenge: scope.stepUp(scopes, principal) }),
    };
    const read = async ({ href: uri }: URL, variables: Variables, { mcpReq }: ServerContext) => {
      const outcome = take(mcpReq.id, scope) as ReadResourceResult | undefined;
      const address = { uri, variables };
      const request = { mcpReq, server };
      return outcome ?? (await readResource(resource, address, services, principal, request));
    };
    if ('uri' in resource) {
      const readFixed = (uri: URL, sdk: ServerContext) => read(uri, {}, sdk);
      registered.push(server.registerResource(name, resource.uri, metadata, readFixed));
      continue;
    }
    const { uriTemplate, complete: completers } = resource;
    const template = new UriTemplateResource(uriTemplate, { list: undefined });
    registered.push(server.registerResource(name, template, metadata, read));
    if (completers === undefined) continue;
    const call = { kind: 'resource', name, scopes, isCompletion: true } as const;
    completions.add('ref/resource', uriTemplate, (completion, { mcpReq }) =>
      runCall(call, services, principal, { mcpReq, server }, (ctx) =>
        complete(completers, completion, ctx),
      ),
    );
  }
  server.server.setRequestHandler('resources/list', ({ params }, { mcpReq }) =>
    listResources(params?.cursor, services, principal, { mcpReq, server }),
  );
}

/** A server under construction. */
export interface Registration {
  readonly server: McpServer;
  readonly services: Services;
  readonly principal: Principal;
  readonly completions: Completions;
  readonly scope: ServerScope;
  /** What it offers so far. */
  readonly registered: { remove(): void }[];
}

/** The specification allows no more in one answer. */
const MAX_VALUES = 100;

/** An argument that somebody is typing. */
export interface Completion {
  readonly name: string;
  readonly value: string;
  /** The arguments that are known already. */
  readonly others: Readonly<Record<string, string>>;
}

type Complete = (completion: Completion, sdk: ServerContext) => MaybePromise<readonly string[]>;

/** What can complete its arguments for one caller: prompts by name, resources by URI template. */
class Completions {
  readonly #known = new Map<string, Complete>();

  add(type: 'ref/prompt' | 'ref/resource', name: string, complete: Complete): void {
    this.#known.set(`${type} ${name}`, complete);
  }

  clear(): void {
    this.#known.clear();
  }

  /** Serves `completion/complete`. */
  register(server: McpServer): void {
    server.server.setRequestHandler('completion/complete', async ({ params }, sdk) => {
      const { ref, argument, context } = params;
      const name = ref.type === 'ref/prompt' ? ref.name : ref.uri;
      const complete = this.#known.get(`${ref.type} ${name}`);
      try {
        if (complete === undefined) throw new ToolError('NOT_FOUND', 'Nothing to complete there.');
        const values = await complete({ ...argument, others: context?.arguments ?? {} }, sdk);
        const shown = values.slice(0, MAX_VALUES);
        const hasMore = values.length > shown.length;
        return { completion: { values: shown, total: values.length, hasMore } };
      } catch (error) {
        throw toProtocolError(error);
      }
    });
  }
}

/** Runs the completer of an argument; arguments without one have no suggestions. */
async function complete(
  completers: Readonly<Record<string, Completer | undefined>>,
  { name, value, others }: Completion,
  ctx: CallContext,
): Promise<readonly string[]> {
  const completer = Object.hasOwn(completers, name) ? completers[name] : undefined;
  return (await completer?.(value, ctx as never, others)) ?? [];
}

/** Whether a caller may read what is at `uri`, as the policy is now: for who asks to be told of its changes. */
export type MayRead = (uri: string, principal: Principal) => boolean;

export function resourceAccess({
  definitions,
  policy,
}: Pick<Services, 'definitions' | 'policy'>): MayRead {
  const matchers = () =>
    definitions.resources.map((resource) => ({
      scopes: resource.scopes ?? [],
      isAt:
        'uri' in resource ? (uri: string) => uri === resource.uri : matcher(resource.uriTemplate),
    }));
  let { version } = definitions;
  let all = matchers();
  return (uri, principal) => {
    if (version !== definitions.version) {
      all = matchers();
      ({ version } = definitions);
    }
    const resource = all.find(({ isAt }) => isAt(uri));
    if (resource === undefined) return false;
    if (missingScopes(principal, resource.scopes).length > 0) return false;
    return policy.accessOf(principal).allows('resource', uri);
  };
}

function matcher(uriTemplate: string): (uri: string) => boolean {
  const template = new UriTemplate(uriTemplate);
  return (uri) => template.match(uri) !== null;
}

/** What one stream may want to hear of; it is kept as long as the stream is open. */
const MAX_RESOURCES = 1_000;
const MAX_CHARACTERS = 50_000;
const LISTS = ['tools_list_changed', 'resources_list_changed', 'prompts_list_changed'] as const;

/** What someone wants to hear of: the request that says so, and the resources in it. */
export interface ListenRequest {
  readonly body: unknown;
  readonly uris: ReadonlySet<string>;
}

/** A request to listen, without the resources that its caller may not read and those that are too many. */
export function readableListenRequest(
  body: unknown,
  mayRead: (uri: string) => boolean,
): ListenRequest {
  if (!isSpecType.SubscriptionsListenRequest(body)) return { body, uris: new Set() };
  const { params } = body;
  const { resourceSubscriptions = [], ...lists } = params.notifications;
  const readable = notTooMany(resourceSubscriptions).filter(mayRead);
  const notifications = { ...lists, resourceSubscriptions: readable };
  return { body: { ...body, params: { ...params, notifications } }, uris: new Set(readable) };
}

function notTooMany(uris: readonly string[]): string[] {
  let characters = 0;
  return uris.slice(0, MAX_RESOURCES).filter(({ length }) => {
    characters += length;
    return characters <= MAX_CHARACTERS;
  });
}

/** What to tell of a change to someone who wants to hear of these resources. */
export function eventsOf(change: Change, uris: ReadonlySet<string>): ServerEvent[] {
  if (change.kind === 'missed') {
    const updates = [...uris].map((uri) => ({ kind: 'resource_updated' as const, uri }));
    return [...LISTS.map((kind) => ({ kind })), ...updates];
  }
  return change.kind === 'resource_updated' && !uris.has(change.uri) ? [] : [change];
}
