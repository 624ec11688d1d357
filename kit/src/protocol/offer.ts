import type {
  CacheHint,
  CallToolResult,
  GetPromptResult,
  InputRequiredResult,
  ListResourcesResult,
  McpServer,
  ReadResourceResult,
} from '@modelcontextprotocol/server';
import type { Policy, Services, StepUp } from '../calls/services.js';
import type { Definitions } from '../definitions/definitions.js';
import type { Principal } from '../definitions/principal.js';
import type { Completions } from './completions.js';

/** Of which changes a client can hear, which depends on how it is connected. */
export type ChangeCapabilities = 'none' | 'resources' | 'everything';

/** What has become of a call: a result, or what the human has to be asked first. */
export type CallOutcome =
  | CallToolResult
  | GetPromptResult
  | ListResourcesResult
  | ReadResourceResult
  | InputRequiredResult;

/** Which tools a request is about. */
export interface ToolSelection {
  /** The only tool that is called; all when there is none. */
  readonly tool?: string;
  /** What has become of calls that have run already, by their ids. */
  readonly outcomes?: Map<string | number, CallOutcome>;
}

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerScope extends ToolSelection {
  readonly method?: string;
  /** None, by default. */
  readonly changes?: ChangeCapabilities;
  readonly stepUp?: StepUp | undefined;
}

/** What clients of this server can hear of: the lists change with the policy, everything else stays what it is. */
export function changeCapabilities({ policy }: Pick<Services, 'policy'>): ChangeCapabilities {
  return policy.isLive ? 'everything' : 'resources';
}

/** What the server says it can do, of which telling changes depends on the connection. */
export function capabilities(
  changes: ChangeCapabilities,
  { offersCompletions }: Pick<Definitions, 'offersCompletions'>,
) {
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

/** A server under construction. */
export interface Offer {
  readonly server: McpServer;
  readonly services: Services;
  readonly principal: Principal;
  readonly completions: Completions;
  readonly scope: ServerScope;
}

/** How long, and for whom, clients and proxies may keep an answer; without a hint nobody may. */
export function cacheHint(seconds: number, { isLive }: Policy): CacheHint {
  return { ttlMs: seconds * 1_000, cacheScope: isLive ? 'private' : 'public' };
}

/** What is offered changes with a new version of the server or of its policy; a call never depends on a list. */
export function cacheHints(policy: Policy) {
  const list = cacheHint(60, policy);
  return {
    'server/discover': list,
    'tools/list': list,
    'prompts/list': list,
    'resources/templates/list': list,
  };
}
