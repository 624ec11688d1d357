import type { ToolOutcome } from '../calls/run-tool.js';
import type { StepUp } from '../calls/services.js';

/** Of which changes a client can hear, which depends on how it is connected. */
export type ChangeCapabilities = 'none' | 'resources' | 'everything';

/** Which tools a request is about. */
interface ToolSelection {
  /** The only tool that is called; all when there is none. */
  readonly tool?: string;
  /** What has become of calls that have run already, by their ids. */
  readonly outcomes?: Map<string | number, ToolOutcome>;
}

/** What a server needs to have; one that answers a single request leaves out what that has nothing to do with. */
export interface ServerScope extends ToolSelection {
  readonly method?: string;
  /** None, by default. */
  readonly changes?: ChangeCapabilities;
  readonly stepUp?: StepUp | undefined;
}

/** The request for a stream that stays open until someone ends it. */
export const LISTEN = 'subscriptions/listen';

export function isListenRequest(body: unknown): boolean {
  return (body as { method?: unknown } | null)?.method === LISTEN;
}

/** What a message needs of a server. A batch needs everything. */
export function serverScopeFor(message: unknown): ServerScope {
  const { method, params } = (message ?? {}) as Record<string, unknown>;
  if (typeof method !== 'string') return {};
  const { name } = (params ?? {}) as Record<string, unknown>;
  return { method, ...(method === 'tools/call' && typeof name === 'string' && { tool: name }) };
}
