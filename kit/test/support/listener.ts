import { createMcpHandler } from '@modelcontextprotocol/server';
import type { App } from '../../src/calls/services.js';
import type { Caller } from '../../src/http/authenticator.js';
import { refuse } from '../../src/http/exchange.js';
import { isSubscription } from '../../src/protocol/server-scope.js';
import { NEWS, Subscriptions } from '../../src/http/subscriptions.js';
import { toResponse, webRequest } from '../../src/http/web-request.js';
import { createServer } from '../../src/protocol/mcp-server.js';
import { connectTo, owner } from './client.js';

/** A client that can listen, without a network, and what it hears. `revoke` takes its credentials away. */
export async function listener(app: App) {
  const subscriptions = new Subscriptions(app);
  const mcp = createMcpHandler(() => createServer(app, owner, { news: NEWS }));
  let caller: Caller = { principal: owner };
  const client = await connectTo(async (request) => {
    const body: unknown = await request.clone().json();
    if (!isSubscription(body)) return await mcp.fetch(request);
    const incoming = webRequest(request);
    return toResponse(await subscriptions.open(incoming, body, owner, async () => caller));
  }, '2026-07-28');

  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
  });
  for (const list of ['resources', 'tools'] as const) {
    client.setNotificationHandler(`notifications/${list}/list_changed`, () => {
      heard.push(list);
    });
  }
  const revoke = () => {
    caller = { refusal: refuse(401, 'gone') };
  };
  return { client, subscriptions, heard, revoke };
}
