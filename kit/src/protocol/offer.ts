import type { McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Principal } from '../definitions/principal.js';
import type { Completions } from './completions.js';
import type { ServerScope } from './server-scope.js';

/** A server under construction. */
export interface Offer {
  readonly server: McpServer;
  readonly services: Services;
  readonly principal: Principal;
  readonly completions: Completions;
  readonly scope: ServerScope;
}
