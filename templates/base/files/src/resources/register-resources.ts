import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { ResourceTemplate as UriTemplateResource } from '@modelcontextprotocol/server';
import type { Services } from '../app.js';
import type { CallContext } from '../pipeline/context.js';
import type { Principal } from '../pipeline/principal.js';
import { asProtocolError } from '../pipeline/protocol-error.js';
import { runCall } from '../pipeline/run-call.js';
import type { Listed, Resource, ResourceTemplate } from './define-resource.js';
import * as barrel from './index.js';

const all: readonly (Resource | ResourceTemplate)[] = Object.values(barrel);

/** Registers every resource of `index.ts`; their reads go through the pipeline. */
export function registerResources(
  server: McpServer,
  services: Services,
  principal: Principal,
): void {
  for (const resource of all) {
    const { name, title, description, mimeType, scopes } = resource;
    const metadata = { title, description, mimeType };
    const run = <T>(uri: string, sdk: ServerContext, work: (ctx: CallContext) => T | Promise<T>) =>
      runCall(
        { kind: 'resource', name, ...(scopes && { scopes }) },
        services,
        principal,
        sdk,
        work,
      ).catch((error: unknown) => {
        throw asProtocolError(error, uri);
      });
    const contents = (uri: URL, text: string) => ({
      contents: [{ uri: uri.href, mimeType, text }],
    });

    if ('uri' in resource) {
      server.registerResource(name, resource.uri, metadata, async (uri, sdk) =>
        contents(uri, await run(uri.href, sdk, (ctx) => resource.read(ctx))),
      );
    } else {
      const { uriTemplate } = resource;
      const list = async (sdk: ServerContext) => ({
        resources: await run(
          uriTemplate,
          sdk,
          async (ctx): Promise<Listed[]> => (await resource.list?.(ctx)) ?? [],
        ),
      });
      server.registerResource(
        name,
        new UriTemplateResource(uriTemplate, { list: resource.list && list }),
        metadata,
        async (uri, variables, sdk) =>
          contents(uri, await run(uri.href, sdk, (ctx) => resource.read(single(variables), ctx))),
      );
    }
  }
}

/** RFC 6570 allows lists; ours are plain strings. */
function single(variables: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, decodeURIComponent(String(value))]),
  );
}
