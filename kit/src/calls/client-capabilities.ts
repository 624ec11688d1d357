import type { ClientCapabilities } from '@modelcontextprotocol/server';
import type { CallRequest } from './call.js';
import { CLIENT_CAPABILITIES } from './meta-keys.js';

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
