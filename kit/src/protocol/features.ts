import type {
  CacheHint,
  CallToolResult,
  GetPromptResult,
  InputRequiredResult,
  ListResourcesResult,
  ReadResourceResult,
} from '@modelcontextprotocol/server';
import { andThen, type CallRequest, isPromise, type MaybePromise, orElse } from '../calls/call.js';
import { InputRequired, invalidCursor, type PagePosition } from '../calls/client-state.js';
import { runCall } from '../calls/run-call.js';
import type { Access, Policy, Services, StepUp } from '../calls/services.js';
import { enforceOutputLimits } from '../calls/tool-calls.js';
import {
  type CallContext,
  type Definitions,
  ForwardedContents,
  type ListedResource,
  missingScopes,
  type Page,
  type Principal,
  type Prompt,
  type Resource,
  type ResourceTemplate,
  type TextOrBytes,
  ToolError,
  type TypedContents,
} from '../definitions/definitions.js';
import type { Host } from '../host/host.js';

/** Of which changes a client can hear, which depends on how it is connected. */
export type ChangeCapabilities = 'none' | 'resources' | 'everything';

/** What has become of a call: a result, or what the human has to be asked first. */
export type CallOutcome =
  | CallToolResult
  | GetPromptResult
  | ListResourcesResult
  | ReadResourceResult
  | InputRequiredResult;

/** Which tools a request is about. */
export interface ToolSelection {
  /** The only tool that is called; all when there is none. */
  readonly tool?: string;
  /** What has become of calls that have run already, by their ids. */
  readonly outcomes?: Map<string | number, CallOutcome>;
}

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerScope extends ToolSelection {
  readonly method?: string;
  /** None, by default. */
  readonly changes?: ChangeCapabilities;
  readonly stepUp?: StepUp | undefined;
}

/**
 * What clients of this server can hear of: the lists change with what comes and goes, and with the policy where that says what a
 * client sees, which it does not over stdio.
 */
export function changeCapabilities(
  { definitions }: Pick<Services, 'definitions'>,
  policy?: Pick<Policy, 'isLive'>,
): ChangeCapabilities {
  return policy?.isLive || definitions.isLive ? 'everything' : 'resources';
}

/** What the server says it can do, of which telling changes depends on the connection. */
export function capabilities(
  changes: ChangeCapabilities,
  { offersCompletions }: Pick<Definitions, 'offersCompletions'>,
) {
  const listChanged = changes === 'everything';
  const subscribe = changes !== 'none';
  return {
    tools: { listChanged },
    resources: { listChanged: subscribe, subscribe },
    prompts: { listChanged },
    logging: {},
    ...(offersCompletions && { completions: {} }),
  };
}

/** How long, and for whom, clients and proxies may keep an answer; without a hint nobody may. */
export function cacheHint(seconds: number, { isLive }: Policy): CacheHint {
  return { ttlMs: seconds * 1_000, cacheScope: isLive ? 'private' : 'public' };
}

/** What is offered changes with a new version of the server or of its policy; a call never depends on a list. */
export function cacheHints(policy: Policy) {
  const list = cacheHint(60, policy);
  return {
    'server/discover': list,
    'tools/list': list,
    'prompts/list': list,
    'resources/templates/list': list,
  };
}

/** The resources that a caller may see. */
export function visibleResources(
  { definitions }: Pick<Services, 'definitions'>,
  access: Access,
): (Resource | ResourceTemplate)[] {
  return definitions.resources.filter((resource) =>
    'uri' in resource
      ? access.allows('resource', resource.uri)
      : access.allowsSomeOf(resource.uriTemplate),
  );
}

/** The part of a URI that each variable of its template stands for. */
export type Variables = Readonly<Record<string, string | string[]>>;

/**
 * Reads a resource through the pipeline.
 * @param variables those of its address, if it has a template
 * @throws {RequestError} what the client gets in place of a result
 */
export function readResource(
  resource: Resource | ResourceTemplate,
  { uri, variables }: { readonly uri: string; readonly variables: Variables },
  services: Services,
  principal: Principal,
  request: CallRequest,
): MaybePromise<ReadResourceResult | InputRequiredResult> {
  const { name, mimeType, scopes } = resource;
  const call = { kind: 'resource', name, uri, scopes } as const;
  const contents = (ctx: CallContext) =>
    'uri' in resource
      ? resource.read(ctx as never)
      : resource.read(single(variables), ctx as never);
  const read = () =>
    runCall(call, services, principal, request, (ctx) =>
      andThen(contents(ctx), (one) =>
        enforceOutputLimits(
          {
            contents:
              one instanceof ForwardedContents
                ? one.contents
                : [{ uri, mimeType, ...contentsOf(one, services.host) }],
          },
          ctx,
        ),
      ),
    );
  return orElse<ReadResourceResult | InputRequiredResult>(read, (error) => {
    if (error instanceof InputRequired) return error.result;
    throw toProtocolError(error, uri);
  });
}

/** A resource, and the parts of its address that the variables of its template stand for. */
export interface Found {
  readonly resource: Resource | ResourceTemplate;
  readonly variables: Variables;
}

/**
 * Finds the resource at an address as the MCP SDK does.
 * @returns `undefined` when there is none, or only the SDK can tell.
 */
export function findResource(
  href: string,
  services: Pick<Services, 'definitions'>,
  access: Access,
): Found | undefined {
  const visible = visibleResources(services, access);
  const fixed = visible.find((one) => 'uri' in one && one.uri === href);
  if (fixed !== undefined) return { resource: fixed, variables: {} };
  const found: Found[] = [];
  for (const resource of visible) {
    if ('uri' in resource) continue;
    const match = matcherOf(resource);
    if (match === undefined) return undefined;
    const variables = match(href);
    if (variables !== undefined) found.push({ resource, variables });
  }
  return found.length === 1 ? found[0] : undefined;
}

type Matcher = (href: string) => Variables | undefined;
const matchers = new WeakMap<ResourceTemplate, { readonly match: Matcher | undefined }>();

function matcherOf(resource: ResourceTemplate): Matcher | undefined {
  let known = matchers.get(resource);
  if (known === undefined) {
    known = { match: matcherFor(resource.uriTemplate) };
    matchers.set(resource, known);
  }
  return known.match;
}

/** Matches a template of plain variables, `{name}` and `{+name}`, as the SDK does; `undefined` for any other template. */
export function matcherFor(uriTemplate: string): Matcher | undefined {
  const names: string[] = [];
  const pattern = uriTemplate.replaceAll(/\{(\+?)([A-Za-z]\w*)\}|[^{}]/g, (part, plus, name) => {
    if (name === undefined) return part.replace(/[.*+?^$()|[\]\\]/, '\\$&');
    names.push(name);
    return plus === '+' ? '(.+)' : '([^/,]+)';
  });
  const isPlain = !/[{}]/.test(pattern) && new Set(names).size === names.length;
  if (!isPlain) return undefined;
  const whole = new RegExp(`^${pattern}$`);
  return (href) => {
    const match = whole.exec(href);
    if (match === null) return undefined;
    return Object.fromEntries(names.map((name, index) => [name, match[index + 1] ?? '']));
  };
}

/**
 * Lists a page of the resources that the caller may read. What is listed under a template goes through the pipeline.
 * @throws {RequestError} what the client gets in place of a result
 */
export async function listResources(
  cursor: string | undefined,
  services: Services,
  principal: Principal,
  request: CallRequest,
): Promise<ListResourcesResult> {
  const access = services.policy.accessOf(principal);
  try {
    const from = cursor === undefined ? undefined : services.cursors.open(cursor, principal);
    const lists = listsFor(services, principal, request);
    const { resources: listed, next } = await listInPages(lists, from);
    const resources = listed.filter(({ uri }) => access.allows('resource', uri));
    if (next === undefined) return { resources };
    return { resources, nextCursor: services.cursors.seal(next, principal) };
  } catch (error) {
    throw toProtocolError(error);
  }
}

/** The list of the resources at fixed addresses; template names cannot be empty. */
const FIXED = '';

function listsFor(services: Services, principal: Principal, request: CallRequest): ResourceList[] {
  const fixed: ListedResource[] = [];
  const lists: ResourceList[] = [{ name: FIXED, list: () => fixed }];
  for (const resource of visibleResources(services, services.policy.accessOf(principal))) {
    const { name, title, description, mimeType, scopes } = resource;
    const shown = { title, description, mimeType };
    if ('uri' in resource) {
      fixed.push({ uri: resource.uri, name, ...shown } as ListedResource);
      continue;
    }
    // What the caller may not read must not take the other resources out of the list.
    if (resource.list === undefined || missingScopes(principal, scopes ?? []).length > 0) continue;
    const list = resource.list.bind(resource);
    lists.push({
      name,
      list: async (page) => {
        const call = { kind: 'resource', name, scopes } as const;
        const work = (ctx: CallContext) => list(ctx as never, page);
        const listed = await runCall(call, services, principal, request, work);
        return listed.map((one) => ({ ...shown, ...one }));
      },
    });
  }
  return lists;
}

function contentsOf(one: TextOrBytes | TypedContents, host: Host) {
  if (typeof one === 'string' || one instanceof Uint8Array) return textOrBlob(one, host);
  return { mimeType: one.mimeType, ...textOrBlob(one.contents, host) };
}

function textOrBlob(contents: TextOrBytes, host: Host): { text: string } | { blob: string } {
  if (typeof contents === 'string') return { text: contents };
  return { blob: host.base64(contents) };
}

/** RFC 6570 allows lists; ours are plain strings. */
function single(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, decode(String(value))]),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ToolError('NOT_FOUND', 'This address is not well formed.');
  }
}

const PAGE_SIZE = 100;

/** A part of `resources/list`. It may disregard the page and give everything. */
export interface ResourceList {
  readonly name: string;
  list(page: Page): MaybePromise<readonly ListedResource[]>;
}

export interface ResourcePage {
  readonly resources: readonly ListedResource[];
  /** Where the next page begins, if there may be one. */
  readonly next?: PagePosition;
}

/**
 * One page out of several lists, one after the other.
 * @throws {ToolError} `INVALID_CURSOR` when it should begin in a list that is not there.
 */
export async function listInPages(
  lists: readonly ResourceList[],
  from?: PagePosition,
): Promise<ResourcePage> {
  const first = from === undefined ? 0 : lists.findIndex(({ name }) => name === from.list);
  if (first === -1) throw invalidCursor();
  const resources: ListedResource[] = [];
  let after = from?.after;
  for (const { name, list } of lists.slice(first)) {
    const limit = PAGE_SIZE - resources.length;
    const listed = list({ limit, ...(after !== undefined && { after }) });
    const all = isPromise(listed) ? await listed : listed;
    // A list that disregards the page begins before it.
    const begin = all.findIndex(({ uri }) => uri === after) + 1;
    const shown = all.slice(begin, begin + limit);
    resources.push(...shown);
    after = shown.at(-1)?.uri;
    if (resources.length === PAGE_SIZE && after !== undefined) {
      return { resources, next: { list: name, after } };
    }
    after = undefined;
  }
  return { resources };
}

/**
 * Gets a prompt through the pipeline.
 * @param args have been validated
 * @throws {RequestError} what the client gets in place of a result
 */
export function getPrompt(
  prompt: Prompt,
  args: Readonly<Record<string, unknown>>,
  services: Services,
  principal: Principal,
  request: CallRequest,
): MaybePromise<GetPromptResult | InputRequiredResult> {
  const { name, description, scopes } = prompt;
  const call = { kind: 'prompt', name, scopes, input: args } as const;
  const get = () =>
    runCall(call, services, principal, request, (ctx) =>
      andThen(prompt.messages(args, ctx as never), (messages) => ({
        description,
        messages: enforceOutputLimits(messages, ctx),
      })),
    );
  return orElse<GetPromptResult | InputRequiredResult>(get, (error) => {
    if (error instanceof InputRequired) return error.result;
    throw toProtocolError(error);
  });
}

const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;

/** Codes that say nothing about what the caller sent. */
const OURS = [
  'ABORTED',
  'INTERNAL',
  'TIMEOUT',
  'STORE_UNAVAILABLE',
  'STORE_BUSY',
  'UPSTREAM_UNAVAILABLE',
];

/** A JSON-RPC error that answers a request. The MCP SDK sends the fields of any error that has them. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: number,
    message: string,
    readonly data?: object,
  ) {
    super(message);
  }
}

/** A failed read or prompt as a JSON-RPC error; `data` says the same as `_meta.error` of a tool's error does. */
export function toProtocolError(error: unknown, uri?: string): unknown {
  if (error instanceof InputRequired) return new RequestError(INTERNAL_ERROR, error.message);
  if (!(error instanceof ToolError)) return error;
  if (error.code === 'NOT_FOUND' && uri !== undefined) {
    return new RequestError(INVALID_PARAMS, `Resource not found: ${uri}`, { uri });
  }
  const code = OURS.includes(error.code) ? INTERNAL_ERROR : INVALID_PARAMS;
  return new RequestError(code, error.message, error.details);
}
