import { McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Principal } from '../definitions/principal.js';
import { Completions } from './completions.js';
import type { ChangeCapabilities, ServerScope } from './offer.js';
import { cacheHints } from './offer.js';
import { registerPrompts } from './register-prompts.js';
import { registerResources } from './register-resources.js';
import { registerTools } from './register-tools.js';

/** What clients of this server can hear of: the lists change with the policy, everything else stays what it is. */
export function changeCapabilities({ policy }: Services): ChangeCapabilities {
  return policy.isLive ? 'everything' : 'resources';
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
