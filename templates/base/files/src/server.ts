import { McpServer } from '@modelcontextprotocol/server';
import { about } from './about.js';
import type { Services } from './app.js';
import type { Principal } from './pipeline/principal.js';
import { registerPrompts } from './prompts/register-prompts.js';
import { registerResources } from './resources/register-resources.js';
import { registerTools, type Wanted } from './tools/register-tools.js';

const LISTED = { listChanged: true };
const capabilities = { tools: LISTED, resources: LISTED, prompts: LISTED };

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerPart extends Wanted {
  readonly method?: string;
}

/** An MCP server for one caller. Everything costly lives in `services` and at module scope. */
export function createServer(
  services: Services,
  principal: Principal,
  part: ServerPart = {},
): McpServer {
  const server = new McpServer(about, { capabilities });
  const { method } = part;
  const has = (...kinds: string[]) =>
    method === undefined || kinds.some((kind) => method.startsWith(kind));
  if (has('tools/')) registerTools(server, services, principal, part);
  if (has('resources/', 'completion/')) registerResources(server, services, principal);
  if (has('prompts/', 'completion/')) registerPrompts(server, services, principal);
  return server;
}
