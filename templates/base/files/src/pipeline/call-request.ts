import type { ServerContext } from '@modelcontextprotocol/server';

/** What a call reads of the request behind it: a part of the protocol library's context. */
export interface CallRequest {
  readonly mcpReq: Pick<
    ServerContext['mcpReq'],
    'id' | '_meta' | 'signal' | 'notify' | 'inputResponses'
  >;
  /** Calls `work` when the caller has gone; cheaper than the signal. */
  whenGone?(work: () => void): void;
}
