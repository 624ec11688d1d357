import type { JSONRPCMessage, JSONRPCRequest, ServerEvent } from '@modelcontextprotocol/server';
import type { Change, Principal } from '../definitions/definitions.js';
import { eventsOf, type MayRead } from '../protocol/mcp-server.js';
import type { SessionStore } from './session-state.js';

const INVALID_PARAMS = -32_602;
/** What is longer is no address of a resource, and would be kept as long as the session. */
const MAX_URI_LENGTH = 2_000;

interface SubscriptionChange {
  readonly kind: 'subscribed' | 'unsubscribed';
  readonly uri: string;
}

/** The resources that one session wants to hear about, as far as this process has to know. */
export class Subscriptions {
  #uris = new Set<string>();
  /** What has come while the whole is looked up. */
  readonly #since = new Set<SubscriptionChange[]>();

  constructor(private readonly mayRead: MayRead) {}

  /** Whether a request is `resources/subscribe` or `resources/unsubscribe`. */
  static matches({ method }: JSONRPCRequest): boolean {
    return method === 'resources/subscribe' || method === 'resources/unsubscribe';
  }

  /** Answers such a request. */
  async answer(
    { id, method, params }: JSONRPCRequest,
    principal: Principal,
    session: string,
    store: SessionStore,
  ): Promise<JSONRPCMessage> {
    const uri = String(params?.uri);
    if (method === 'resources/unsubscribe') {
      await store.unsubscribe(session, uri);
      this.hear({ kind: 'unsubscribed', uri });
    } else {
      if (uri.length > MAX_URI_LENGTH) return refusal(id, 'The address is too long.');
      if (!this.mayRead(uri, principal)) return refusal(id, 'There is no such resource.', uri);
      if (!(await store.subscribe(session, uri))) {
        return refusal(id, 'There are too many of them.', uri);
      }
      this.hear({ kind: 'subscribed', uri });
    }
    return { jsonrpc: '2.0', id, result: {} };
  }

  /** A stream of changes begins here: from now on it has to be known what the session wants to hear about. */
  async lookUp(uris: () => Promise<readonly string[]>): Promise<void> {
    const since: SubscriptionChange[] = [];
    this.#since.add(since);
    try {
      this.#uris = new Set(await uris());
      for (const heard of since) this.#apply(heard);
    } finally {
      this.#since.delete(since);
    }
  }

  /** Another process has answered for the same session, or this one has. */
  hear(heard: SubscriptionChange): void {
    for (const since of this.#since) since.push(heard);
    this.#apply(heard);
  }

  /** What a caller hears of a change. */
  eventsOf(change: Change, principal: Principal): ServerEvent[] {
    return eventsOf(change, this.#uris).filter(
      (event) => !('uri' in event) || this.mayRead(event.uri, principal),
    );
  }

  #apply({ kind, uri }: SubscriptionChange): void {
    if (kind === 'subscribed') this.#uris.add(uri);
    else this.#uris.delete(uri);
  }
}

function refusal(id: JSONRPCRequest['id'], message: string, uri?: string): JSONRPCMessage {
  const data = uri === undefined ? {} : { data: { uri } };
  return { jsonrpc: '2.0', id, error: { code: INVALID_PARAMS, message, ...data } };
}
