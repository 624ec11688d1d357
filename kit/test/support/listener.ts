import { createMcpHandler } from '@modelcontextprotocol/server';
import type { AuthResult, HttpApp } from '../../src/http/app.js';
import { fromWebRequest, refuse, toWebResponse } from '../../src/http/exchange.js';
import { Subscriptions } from '../../src/http/subscriptions.js';
import { changeCapabilities } from '../../src/protocol/features.js';
import { createMcpServer } from '../../src/protocol/mcp-server.js';
import { isListenRequest } from '../../src/protocol/requests.js';
import { connectTo, owner } from '../../src/testing/client.js';

/** A client that can listen, without a network, and what it hears. `revoke` takes its credentials away. */
export async function listener(app: HttpApp) {
  const subscriptions = new Subscriptions(app);
  const mcp = createMcpHandler(() =>
    createMcpServer(app, owner, { changes: changeCapabilities(app, app.policy) }),
  );
  let caller: AuthResult = { principal: owner };
  const client = await connectTo(async (request) => {
    const body: unknown = await request.clone().json();
    if (!isListenRequest(body)) return await mcp.fetch(request);
    const incoming = fromWebRequest(request);
    return toWebResponse(await subscriptions.open(incoming, body, owner, async () => caller));
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
