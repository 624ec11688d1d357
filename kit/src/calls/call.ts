import type { ClientCapabilities, McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { Principal } from '../definitions/principal.js';

/** One call as the pipeline sees it. */
export interface Call {
  readonly kind: 'tool' | 'resource' | 'prompt';
  readonly name: string;
  /** It does not run: somebody types one of its arguments, and wants to know what fits. */
  readonly isCompletion?: true;
  /** The address of a resource that is read. */
  readonly uri?: string;
  /** What it was called with, for the audit log. */
  readonly input?: unknown;
  readonly scopes?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  /** How many calls one caller may make. */
  readonly perMinute?: number | undefined;
}

/** What a call reads of the request behind it: a part of the MCP SDK's context. */
export interface CallRequest {
  readonly mcpReq: Pick<
    ServerContext['mcpReq'],
    'id' | '_meta' | 'envelope' | 'signal' | 'notify' | 'log' | 'inputResponses' | 'requestState'
  >;
  /** Knows what a client of 2025 said when it connected. */
  readonly server?: { readonly server: Pick<McpServer['server'], 'getClientCapabilities'> };
  /** Calls `work` when the caller has gone; cheaper than the signal. */
  whenGone?(work: () => void): void;
}

/** How one call ended. */
export interface CallEnd {
  readonly call: Call;
  readonly principal: Principal;
  /** `ok`, `input_required`, or the code of the error. */
  readonly outcome: string;
  readonly ms: number;
  readonly correlationId: string;
  /** The version of the protocol that the caller spoke: 2026-07-28, or 2025 for all before it. */
  readonly era: string;
}

type Said = Pick<CallRequest['mcpReq'], 'envelope' | '_meta'>;

/** The family of the protocol that a request is of; in 2026-07-28 each one says its version. */
export function eraOf({ envelope, _meta }: Said): '2025' | '2026-07-28' {
  const saysVersion = envelope !== undefined || _meta?.[PROTOCOL_VERSION] !== undefined;
  return saysVersion ? '2026-07-28' : '2025';
}

/**
 * The keys of `_meta` in 2026-07-28. The MCP SDK has them, too, but what needs only their names should not have to load it.
 * @see https://modelcontextprotocol.io/specification/draft/basic
 */
export const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** What the client can do: it says so with every request, an older one when it connects. */
export function clientCapabilities({ mcpReq, server }: CallRequest): ClientCapabilities {
  const envelope = mcpReq.envelope as { [CLIENT_CAPABILITIES]?: ClientCapabilities };
  return envelope?.[CLIENT_CAPABILITIES] ?? server?.server.getClientCapabilities() ?? {};
}

/** Whether the client can show forms: elicitation without a mode means forms. */
export function canShowForms(request: CallRequest): boolean {
  const { elicitation } = clientCapabilities(request);
  return (
    elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
  );
}
