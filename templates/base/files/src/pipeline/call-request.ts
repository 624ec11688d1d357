import type { ServerContext } from '@modelcontextprotocol/server';

const VERSION = 'io.modelcontextprotocol/protocolVersion';

/** What a call reads of the request behind it: a part of the protocol library's context. */
export interface CallRequest {
  readonly mcpReq: Pick<
    ServerContext['mcpReq'],
    'id' | '_meta' | 'envelope' | 'signal' | 'notify' | 'inputResponses'
  >;
  /** Calls `work` when the caller has gone; cheaper than the signal. */
  whenGone?(work: () => void): void;
}

/** The family of the protocol that a request is of; in 2026-07-28 each one says its version. */
export function eraOf({ mcpReq: { envelope, _meta } }: CallRequest): '2025' | '2026-07-28' {
  const version = envelope?.[VERSION] ?? _meta?.[VERSION];
  return version === undefined ? '2025' : '2026-07-28';
}
