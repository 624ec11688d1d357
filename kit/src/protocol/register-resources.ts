import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { ResourceTemplate as UriTemplateResource } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import { cacheHint } from './cache-hints.js';
import { complete } from '../definitions/completion.js';
import type { Completions } from './completions.js';
import { InputRequired } from '../calls/ask.js';
import type { CallRequest } from '../calls/call-request.js';
import type { CallContext } from '../calls/context.js';
import { ToolError } from '../calls/errors.js';
import { missingScopes, type Principal } from '../calls/principal.js';
import { asProtocolError } from './protocol-error.js';
import { runCall } from '../calls/run-call.js';
import { withinCap } from '../calls/within-cap.js';
import type { Contents, Listed, Resource, ResourceTemplate } from '../definitions/resource.js';
import * as barrel from './index.js';
import { type List, listInPages } from './list-in-pages.js';
{{> register/imports}}

const all: readonly (Resource | ResourceTemplate)[] = Object.values(barrel);

/** The list of the resources at fixed addresses; template names cannot be empty. */
const FIXED = '';

/** Registers every resource of `index.ts`; their reads go through the pipeline. */
export function registerResources(
  server: McpServer,
  services: Services,
  principal: Principal,
  completions: Completions,
): void {
  const fixed: Listed[] = [];
  const lists: ((request: CallRequest) => List)[] = [
    () => ({ name: FIXED, list: () => Promise.resolve(fixed) }),
  ];
  {{> register/access}}
  for (const resource of all) {
    const { name, title, description, mimeType, scopes, cacheSeconds } = resource;
    {{> register/resources}}
    const shown = { title, description, mimeType };
    const metadata = {
      ...shown,
      ...(cacheSeconds !== undefined && { cacheHint: cacheHint(cacheSeconds) }),
      {{> register/options}}
    };
    const call = { kind: 'resource', name, ...(scopes && { scopes }) } as const;
    const read = async (
      { href: uri }: URL,
      { mcpReq }: ServerContext,
      contents: (ctx: CallContext) => Contents | Promise<Contents>,
    ) => {
      const work = async (ctx: CallContext) =>
        withinCap({ contents: [{ uri, mimeType, ...textOrBlob(await contents(ctx)) }] }, ctx);
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
        read(uri, sdk, (ctx) => resource.read(ctx)),
      );
      continue;
    }
    const { uriTemplate, complete: completers } = resource;
    server.registerResource(
      name,
      new UriTemplateResource(uriTemplate, { list: undefined }),
      metadata,
      (uri, variables, sdk) => read(uri, sdk, (ctx) => resource.read(single(variables), ctx)),
    );
    // What the caller may not read must not take the other resources out of the list.
    if (resource.list !== undefined && missingScopes(principal, scopes ?? []).length === 0) {
      const list = resource.list.bind(resource);
      lists.push((request) => ({
        name,
        list: async (page) => {
          const work = (ctx: CallContext) => list(ctx, page);
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
        {{> register/listed}}
        ...(nextCursor !== undefined && { nextCursor }),
      };
    } catch (error) {
      throw asProtocolError(error);
    }
  });
}

function textOrBlob(contents: Contents): { text: string } | { blob: string } {
  if (typeof contents === 'string') return { text: contents };
  return { blob: Buffer.from(contents).toString('base64') };
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
