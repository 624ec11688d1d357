import {
  type ServerContext,
  ResourceTemplate as UriTemplateResource,
} from '@modelcontextprotocol/server';
import { InputRequired } from '../calls/ask.js';
import type { CallRequest } from '../calls/call.js';
import { invalidCursor, type Place } from '../calls/cursors.js';
import { runCall } from '../calls/run-call.js';
import { enforceOutputLimits } from '../calls/tool-calls.js';
import type { CallContext } from '../definitions/context.js';
import type { Contents, Listed, Page } from '../definitions/definitions.js';
import { ToolError } from '../definitions/errors.js';
import { missingScopes } from '../definitions/principal.js';
import type { Host } from '../host/host.js';
import { complete } from './completions.js';
import { cacheHint, type Offer } from './offer.js';
import { asProtocolError } from './protocol-error.js';

/** The list of the resources at fixed addresses; template names cannot be empty. */
const FIXED = '';

/** Registers the resources that the caller may see; their reads go through the pipeline. */
export function registerResources(offer: Offer): void {
  const { server, services, principal, completions, scope } = offer;
  const fixed: Listed[] = [];
  const lists: ((request: CallRequest) => List)[] = [
    () => ({ name: FIXED, list: () => Promise.resolve(fixed) }),
  ];
  const access = services.policy.accessOf(principal);
  for (const resource of services.definitions.resources) {
    const { name, title, description, mimeType, scopes, cacheSeconds } = resource;
    const visible =
      'uri' in resource
        ? access.allows('resource', resource.uri)
        : access.allowsSomeOf(resource.uriTemplate);
    if (!visible) continue;
    const shown = { title, description, mimeType };
    const metadata = {
      ...shown,
      ...(cacheSeconds !== undefined && { cacheHint: cacheHint(cacheSeconds, services.policy) }),
      ...(scopes && scope.stepUp && { scopeChallenge: scope.stepUp(scopes, principal) }),
    };
    const call = { kind: 'resource', name, ...(scopes && { scopes }) } as const;
    const read = async (
      { href: uri }: URL,
      { mcpReq }: ServerContext,
      contents: (ctx: CallContext) => Contents | Promise<Contents>,
    ) => {
      const work = async (ctx: CallContext) =>
        enforceOutputLimits(
          { contents: [{ uri, mimeType, ...textOrBlob(await contents(ctx), services.host) }] },
          ctx,
        );
      try {
        return await runCall({ ...call, uri }, services, principal, { mcpReq, server }, work);
      } catch (error) {
        if (error instanceof InputRequired) return error.result;
        throw asProtocolError(error, uri);
      }
    };

    if ('uri' in resource) {
      fixed.push({ uri: resource.uri, name, ...shown });
      server.registerResource(name, resource.uri, metadata, (uri, sdk) =>
        read(uri, sdk, (ctx) => resource.read(ctx as never)),
      );
      continue;
    }
    const { uriTemplate, complete: completers } = resource;
    server.registerResource(
      name,
      new UriTemplateResource(uriTemplate, { list: undefined }),
      metadata,
      (uri, variables, sdk) =>
        read(uri, sdk, (ctx) => resource.read(single(variables), ctx as never)),
    );
    // What the caller may not read must not take the other resources out of the list.
    if (resource.list !== undefined && missingScopes(principal, scopes ?? []).length === 0) {
      const list = resource.list.bind(resource);
      lists.push((request) => ({
        name,
        list: async (page) => {
          const work = (ctx: CallContext) => list(ctx as never, page);
          const listed = await runCall(call, services, principal, request, work);
          return listed.map((one) => ({ ...shown, ...one }));
        },
      }));
    }
    if (completers !== undefined) {
      completions.add('ref/resource', uriTemplate, (completion, { mcpReq }) =>
        runCall({ ...call, isCompletion: true }, services, principal, { mcpReq, server }, (ctx) =>
          complete(completers, completion, ctx),
        ),
      );
    }
  }

  server.server.setRequestHandler('resources/list', async ({ params }, { mcpReq }) => {
    const { cursor } = params ?? {};
    try {
      const from = cursor === undefined ? undefined : services.cursors.open(cursor, principal);
      const page = await listInPages(
        lists.map((list) => list({ mcpReq, server })),
        from,
      );
      const { resources: listed, next } = page;
      const nextCursor = next && services.cursors.seal(next, principal);
      return {
        resources: listed.filter(({ uri }) => access.allows('resource', uri)),
        ...(nextCursor !== undefined && { nextCursor }),
      };
    } catch (error) {
      throw asProtocolError(error);
    }
  });
}

function textOrBlob(contents: Contents, host: Host): { text: string } | { blob: string } {
  if (typeof contents === 'string') return { text: contents };
  return { blob: host.base64(contents) };
}

/** RFC 6570 allows lists; ours are plain strings. */
function single(variables: Record<string, string | string[]>): Record<string, string> {
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
  list(page: Page): Promise<readonly Listed[]>;
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
    const all = await list({ limit, ...(after !== undefined && { after }) });
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
