import { McpServer } from '@modelcontextprotocol/server';
import { about } from './about.js';
import type { Services } from './app.js';
import type { Principal } from './pipeline/principal.js';
import { registerPrompts } from './prompts/register-prompts.js';
import { registerResources } from './resources/register-resources.js';
import { registerTools } from './tools/register-tools.js';

/** An MCP server for one caller. Cheap: everything costly lives in `services` and at module scope. */
export function createServer(services: Services, principal: Principal): McpServer {
  const server = new McpServer(about, { capabilities: { tools: {}, resources: {}, prompts: {} } });
  registerTools(server, services, principal);
  registerResources(server, services, principal);
  registerPrompts(server, services, principal);
  return server;
}
