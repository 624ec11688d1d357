import type {
  InputRequiredResult,
  ListResourcesResult,
  ReadResourceResult,
} from '@modelcontextprotocol/server';
import { InputRequired } from '../calls/ask.js';
import type { CallRequest } from '../calls/call.js';
import { invalidCursor, type Place } from '../calls/cursors.js';
import { andThen, isPromise, type MaybePromise, orElse } from '../calls/maybe-async.js';
import { runCall } from '../calls/run-call.js';
import type { Access, Services } from '../calls/services.js';
import { enforceOutputLimits } from '../calls/tool-calls.js';
import type { CallContext } from '../definitions/context.js';
import type {
  Contents,
  Listed,
  Page,
  Resource,
  ResourceTemplate,
} from '../definitions/definitions.js';
import { ToolError } from '../definitions/errors.js';
import { missingScopes, type Principal } from '../definitions/principal.js';
import type { Host } from '../host/host.js';
import { asProtocolError } from './protocol-error.js';

/** The list of the resources at fixed addresses; template names cannot be empty. */
const FIXED = '';

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
          { contents: [{ uri, mimeType, ...textOrBlob(one, services.host) }] },
          ctx,
        ),
      ),
    );
  return orElse<ReadResourceResult | InputRequiredResult>(read, (error) => {
    if (error instanceof InputRequired) return error.result;
    throw asProtocolError(error, uri);
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
    throw asProtocolError(error);
  }
}

function listsFor(services: Services, principal: Principal, request: CallRequest): List[] {
  const fixed: Listed[] = [];
  const lists: List[] = [{ name: FIXED, list: () => fixed }];
  for (const resource of visibleResources(services, services.policy.accessOf(principal))) {
    const { name, title, description, mimeType, scopes } = resource;
    const shown = { title, description, mimeType };
    if ('uri' in resource) {
      fixed.push({ uri: resource.uri, name, ...shown } as Listed);
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

function textOrBlob(contents: Contents, host: Host): { text: string } | { blob: string } {
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
export interface List {
  readonly name: string;
  list(page: Page): MaybePromise<readonly Listed[]>;
}

export interface InPages {
  readonly resources: readonly Listed[];
  /** Where the next page begins, if there may be one. */
  readonly next?: Place;
}

/**
 * One page out of several lists, one after the other.
 * @throws {ToolError} `INVALID_CURSOR` when it should begin in a list that is not there.
 */
export async function listInPages(lists: readonly List[], from?: Place): Promise<InPages> {
  const first = from === undefined ? 0 : lists.findIndex(({ name }) => name === from.list);
  if (first === -1) throw invalidCursor();
  const resources: Listed[] = [];
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
