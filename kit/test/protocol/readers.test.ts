import { renameSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { resourceAccess } from '../../src/protocol/mcp-server.js';
import { owner } from '../../src/testing/client.js';
import { recentNotes } from '../fixtures/notes/src/resources.js';
import { createTestApp } from '../support/app.js';
import { listener } from '../support/listener.js';
import { newPolicyFile } from '../support/policy.js';

const EVERYBODY = 'roles: { all: { everyone: true, allowed_resources: ["*"] } }';
const NOBODY = 'roles: {}';
const { uri } = recentNotes;

test('who may not read a resource cannot ask to be told of its changes', async () => {
  const { client } = await listener(await createTestApp({ POLICY_PATH: newPolicyFile(NOBODY) }));
  const { honoredFilter } = await client.listen({ resourceSubscriptions: [uri] });
  expect(honoredFilter).toEqual({});
});

test('the policy counts when something changes, not only when someone begins to listen', async () => {
  const file = newPolicyFile(EVERYBODY);
  const app = await createTestApp({ POLICY_PATH: file });
  const { client, heard } = await listener(app);
  await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
  app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(heard).toEqual([uri]));

  renameSync(newPolicyFile(NOBODY), file);
  await vi.waitFor(() => expect(heard).toEqual([uri, 'tools']), { timeout: 5_000 });
  app.changes.deliver({ kind: 'resource_updated', uri });
  app.changes.deliver({ kind: 'tools_list_changed' });
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  expect(heard).toEqual([uri, 'tools', 'tools']);
});

test('what is there may be read by who has its scopes', async () => {
  const app = await createTestApp();
  const mayRead = resourceAccess(app);
  expect(mayRead(uri, owner)).toBe(true);
  expect(mayRead('test://nothing', owner)).toBe(false);
});
