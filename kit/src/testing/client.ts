import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import type { Services } from '../calls/services.js';
import type { Principal } from '../definitions/definitions.js';
import { createMcpServer } from '../protocol/mcp-server.js';

/** The two families of the protocol that clients speak. */
export const eras = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof eras)[number];

export const owner: Principal = { id: 'owner', scopes: ['*'] };

/** A real client, connected to the server as `principal`, without a network. */
export async function connect(
  app: Services,
  era: Era = '2026-07-28',
  principal = owner,
): Promise<Client> {
  const handler = createMcpHandler(() => createMcpServer(app, principal));
  return await connectTo((request) => handler.fetch(request), era);
}

/** A real client that speaks `era` to a `fetch` function. */
export async function connectTo(
  serve: (request: Request) => Promise<Response>,
  era: Era,
  headers: Record<string, string> = {},
): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    {
      versionNegotiation: { mode: era === '2025-11-25' ? 'legacy' : { pin: era } },
      capabilities: { elicitation: { form: {} } },
    },
  );
  const transport = new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), {
    requestInit: { headers },
    fetch: (url, init) => {
      const request = new Request(url, init);
      request.headers.set('host', 'localhost');
      return serve(request);
    },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

/** Calls a tool as a client does. */
export async function callTool(
  app: Services,
  name: string,
  input: Record<string, unknown> = {},
  principal?: Principal,
) {
  const client = await connect(app, '2026-07-28', principal);
  return await client.callTool({ name, arguments: input });
}

/** The text that the model sees of a result. */
export function textOf({ content }: Awaited<ReturnType<typeof callTool>>): string {
  return content.map((item) => (item.type === 'text' ? item.text : '')).join('\n');
}
