import {
  type JSONRPCMessage,
  type McpServer,
  type ProtocolEra,
  parseJSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Services } from '../calls/services.js';
import type { Change, Principal, ToolError } from '../definitions/definitions.js';
import { type CallOutcome, changeCapabilities } from '../protocol/features.js';
import { createMcpServer, refresh, resourceAccess } from '../protocol/mcp-server.js';
import type { LineTransport } from './line-transport.js';

/** The MCP SDK on a connection, and what only it can answer. */
export interface SdkConnection {
  /** @throws when a value is no message */
  receive(value: unknown): void;
  /** Resolves when everything that it has received is answered. */
  answered(): Promise<void>;
  /** Answers what nobody else is going to answer: calls that wait for something from their client. */
  refuse(error: ToolError): Promise<void>;
  close(): Promise<void>;
}

/** What the SDK takes over. */
export interface Handover {
  /** What became of calls that only it can put into words. */
  readonly outcomes: Map<RequestId, CallOutcome>;
  /** It tells the client of changes from now on. */
  connected(): void;
  /** It sends a message. @returns whether the client gets it */
  sent(message: JSONRPCMessage): boolean;
}

/** Lets the MCP SDK serve a connection. */
export function openSdkConnection(
  services: Services,
  principal: Principal,
  transport: LineTransport,
  { outcomes, connected, sent }: Handover,
): SdkConnection {
  function serve({ era }: { readonly era: ProtocolEra }): McpServer {
    const changes = changeCapabilities(services);
    const server = createMcpServer(services, principal, { outcomes, changes });
    pushChanges(server, services, principal, era);
    connected();
    return server;
  }

  const { onclose } = transport;
  const connection = serveStdio(serve, {
    transport,
    onerror: (error) => services.log.error({ err: error }, 'protocol error'),
  });
  const ended = transport.onclose;
  transport.onclose = () => {
    // Before the SDK ends its calls, so that all calls end in the same way.
    onclose?.();
    ended?.();
  };
  const send = transport.send.bind(transport);
  transport.send = async (message) => {
    if (sent(message)) await send(message);
  };
  const unanswered = new PendingRequests(transport);
  return {
    receive: (value) => transport.onmessage?.(parseJSONRPCMessage(value)),
    answered: () => unanswered.none(),
    refuse: (error) => unanswered.refuse(error),
    close: () => connection.close(),
  };
}

const INTERNAL_ERROR = -32_603;

/** The requests of a connection that have no answer yet. Streams that stay open do not count. */
class PendingRequests {
  readonly #ids = new Set<string | number>();
  #onEmpty: (() => void) | undefined;

  /** Listens to a transport that a server has been connected to. */
  constructor(private readonly transport: Transport) {
    const { onmessage } = transport;
    transport.onmessage = (message, extra) => {
      if ('method' in message) {
        if (message.method === 'notifications/cancelled') this.#forget(message.params?.requestId);
        if ('id' in message && message.method !== 'subscriptions/listen') this.#ids.add(message.id);
      }
      onmessage?.(message, extra);
    };
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      await send(message, options);
      if ('id' in message && !('method' in message)) this.#forget(message.id);
    };
  }

  /** Resolves when everything is answered. */
  async none(): Promise<void> {
    if (this.#ids.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Answers what nobody else is going to answer: calls that wait for something from their client. */
  async refuse({ message, details }: ToolError): Promise<void> {
    const error = { code: INTERNAL_ERROR, message, data: details };
    for (const id of this.#ids) await this.transport.send({ jsonrpc: '2.0', id, error });
  }

  #forget(id: unknown): void {
    this.#ids.delete(id as string | number);
    if (this.#ids.size === 0) this.#onEmpty?.();
  }
}

/**
 * Tells a client over its own connection which resources have changed. A client of 2026 asks for that with
 * `subscriptions/listen`, which the transport answers and keeps to; one of 2025 with `resources/subscribe`.
 */
export function pushChanges(
  mcp: McpServer,
  services: Services,
  principal: Principal,
  era: ProtocolEra,
): void {
  const { server } = mcp;
  const { definitions } = services;
  let { version } = definitions;
  const subscribed = new Set<string>();
  const mayRead = resourceAccess(services);
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
  }

  async function update(uri: string): Promise<void> {
    if (era === 'legacy' && !subscribed.has(uri)) return;
    if (!mayRead(uri, principal)) return;
    await server.sendResourceUpdated({ uri });
  }

  async function tell(change: Change): Promise<void> {
    if (version !== definitions.version) {
      ({ version } = definitions);
      refresh(mcp);
    }
    if (change.kind === 'resource_updated') return await update(change.uri);
    if (change.kind === 'missed') for (const uri of subscribed) await update(uri);
    if (change.kind === 'missed' || change.kind === 'resources_list_changed') {
      await server.sendResourceListChanged();
    }
    if (change.kind === 'tools_list_changed') await server.sendToolListChanged();
    if (change.kind === 'prompts_list_changed') await server.sendPromptListChanged();
  }

  const stop = services.changes.listen((change) => {
    tell(change).catch((error) => services.log.debug({ err: error }, 'change not told'));
  });
  const { onclose } = server;
  server.onclose = () => {
    stop();
    onclose?.();
  };
}
