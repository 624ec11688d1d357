import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createMcpServer } from '../../src/protocol/mcp-server.js';
import { STDIO_PRINCIPAL } from '../../src/stdio/connection.js';
import { pushChanges } from '../../src/stdio/sdk.js';
import { createTestApp } from '../support/app.js';

test('a client of 2025 hears of the resources that it subscribed to', async () => {
  const app = await createTestApp();
  const server = createMcpServer(app, STDIO_PRINCIPAL, { changes: 'resources' });
  pushChanges(server, app, STDIO_PRINCIPAL, 'legacy');
  const [here, there] = InMemoryTransport.createLinkedPair();
  await server.connect(here);
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(there);
  onTestFinished(() => client.close());
  expect(client.getServerCapabilities()?.resources?.subscribe).toBe(true);
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
  });
  client.setNotificationHandler('notifications/resources/list_changed', () => {
    heard.push('list');
  });

  const uri = (await client.listResources()).resources[0]?.uri ?? 'test://nothing';
  app.changes.resourceUpdated(uri);
  app.changes.resourcesChanged();
  await vi.waitFor(() => expect(heard).toEqual(['list']));
  await client.subscribeResource({ uri });
  app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(heard).toEqual(['list', uri]));
  await client.unsubscribeResource({ uri });
  app.changes.resourceUpdated(uri);
  app.changes.resourcesChanged();
  await vi.waitFor(() => expect(heard).toEqual(['list', uri, 'list']));
});
