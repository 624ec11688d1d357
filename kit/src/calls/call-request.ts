import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { PROTOCOL_VERSION } from '../protocol/meta-keys.js';

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

type Said = Pick<CallRequest['mcpReq'], 'envelope' | '_meta'>;

/** The family of the protocol that a request is of; in 2026-07-28 each one says its version. */
export function eraOf({ envelope, _meta }: Said): '2025' | '2026-07-28' {
  const saysVersion = envelope !== undefined || _meta?.[PROTOCOL_VERSION] !== undefined;
  return saysVersion ? '2026-07-28' : '2025';
}
