import { McpServer } from '@modelcontextprotocol/server';
import type { Services, StepUp } from '../calls/services.js';
import type { Principal } from '../definitions/principal.js';
import { cacheHints } from './cache-hints.js';
import { Completions } from './completions.js';
import { registerPrompts } from './register-prompts.js';
import { registerResources } from './register-resources.js';
import { registerTools, type ToolSelection } from './register-tools.js';

/** Of which changes a client can hear, which depends on how it is connected. */
export type ChangeCapabilities = 'none' | 'resources' | 'everything';

/** What clients of this server can hear of: the lists change with the policy, everything else stays what it is. */
export function changeCapabilities({ policy }: Services): ChangeCapabilities {
  return policy.isLive ? 'everything' : 'resources';
}

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerScope extends ToolSelection {
  readonly method?: string;
  /** None, by default. */
  readonly changes?: ChangeCapabilities;
  readonly stepUp?: StepUp | undefined;
}

/** An MCP server for one caller. Everything costly lives in `services` and at module scope. */
export function createMcpServer(
  services: Services,
  principal: Principal,
  scope: ServerScope = {},
): McpServer {
  const { about, definitions, policy, rounds } = services;
  const { method, changes = 'none' } = scope;
  const server = new McpServer(about, {
    capabilities: capabilities(changes, definitions.offersCompletions),
    cacheHints: cacheHints(policy),
    requestState: { verify: (text, sdk) => rounds.verify(text, sdk) },
    ...(services.instructions !== undefined && { instructions: services.instructions }),
  });
  const has = (...kinds: string[]) =>
    method === undefined || kinds.some((kind) => method.startsWith(kind));
  const completions = new Completions();
  const offer = { server, services, principal, completions, scope };
  if (has('tools/')) registerTools(offer);
  if (has('resources/', 'completion/')) registerResources(offer);
  if (has('prompts/', 'completion/')) registerPrompts(offer);
  if (definitions.offersCompletions && has('completion/')) completions.register(server);
  return server;
}

/** A server under construction. */
export interface Offer {
  readonly server: McpServer;
  readonly services: Services;
  readonly principal: Principal;
  readonly completions: Completions;
  readonly scope: ServerScope;
}

/** What the server says it can do, of which telling changes depends on the connection. */
function capabilities(changes: ChangeCapabilities, offersCompletions: boolean) {
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
