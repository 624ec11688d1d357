import { McpServer } from '@modelcontextprotocol/server';
import { about } from './about.js';
import type { Services } from '../calls/services.js';
import { cacheHints } from './cache-hints.js';
import { Completions, offersCompletions } from './completions.js';
import type { Principal } from '../calls/principal.js';
import { registerPrompts } from './register-prompts.js';
import { registerResources } from './register-resources.js';
import { registerTools, type Wanted } from './register-tools.js';

/** Of which changes a client can hear, which depends on how it is connected. */
export type News = 'none' | 'resources' | 'everything';

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerPart extends Wanted {
  readonly method?: string;
  /** Of nothing, by default. */
  readonly news?: News;
}

/** An MCP server for one caller. Everything costly lives in `services` and at module scope. */
export function createServer(
  services: Services,
  principal: Principal,
  part: ServerPart = {},
): McpServer {
  const { method, news = 'none' } = part;
  const server = new McpServer(about, {
    capabilities: CAPABILITIES[news],
    cacheHints,
    requestState: { verify: (text, sdk) => services.rounds.verify(text, sdk) },
  });
  const has = (...kinds: string[]) =>
    method === undefined || kinds.some((kind) => method.startsWith(kind));
  const completions = new Completions();
  if (has('tools/')) registerTools(server, services, principal, part);
  if (has('resources/', 'completion/')) registerResources(server, services, principal, completions);
  if (has('prompts/', 'completion/')) registerPrompts(server, services, principal, completions);
  if (has('completion/')) completions.register(server);
  return server;
}

const CAPABILITIES = {
  none: capabilities(false, false),
  resources: capabilities(false, true),
  everything: capabilities(true, true),
};

/** What the server says it can do, of which telling changes depends on the connection. */
function capabilities(listChanged: boolean, subscribe: boolean) {
  const resources = { listChanged: subscribe, subscribe };
  const completions = offersCompletions && { completions: {} };
  const lists = { tools: { listChanged }, resources, prompts: { listChanged } };
  return { ...lists, logging: {}, ...completions };
}
