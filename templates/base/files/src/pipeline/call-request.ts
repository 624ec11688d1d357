import type { McpServer, ServerContext } from '@modelcontextprotocol/server';

/** What a call reads of the request behind it: a part of the protocol library's context. */
export interface CallRequest {
  readonly mcpReq: Pick<
    ServerContext['mcpReq'],
    'id' | '_meta' | 'envelope' | 'signal' | 'notify' | 'log' | 'inputResponses' | 'requestState'
  >;
  /** Knows what a client of 2025 said when it connected. */
  readonly server?: McpServer;
  /** Calls `work` when the caller has gone; cheaper than the signal. */
  whenGone?(work: () => void): void;
}
