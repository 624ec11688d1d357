import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { mayRead } from '../../src/protocol/readers.js';
import { names } from '../src/policy/names.js';
import { createTestApp } from '../support/app.js';
import { owner } from '../support/client.js';
import { listener } from '../support/listener.js';

const EVERYBODY = 'roles: { all: { everyone: true, allowed_resources: ["*"] } }';
const NOBODY = 'roles: {}';
const [uri = ''] = names.resources;

function policyFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.yaml');
  writeFileSync(file, text);
  return file;
}

test('who may not read a resource cannot ask to be told of its changes', async () => {
  const { client } = await listener(await createTestApp({ POLICY_PATH: policyFile(NOBODY) }));
  const { honoredFilter } = await client.listen({ resourceSubscriptions: [uri] });
  expect(honoredFilter).toEqual({});
});

test('the policy counts when something changes, not only when someone begins to listen', async () => {
  const file = policyFile(EVERYBODY);
  const app = await createTestApp({ POLICY_PATH: file });
  const { client, heard } = await listener(app);
  await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
  app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(heard).toEqual([uri]));

  renameSync(policyFile(NOBODY), file);
  await vi.waitFor(() => expect(heard).toEqual([uri, 'tools']), { timeout: 5_000 });
  app.changes.deliver({ kind: 'resource_updated', uri });
  app.changes.deliver({ kind: 'tools_list_changed' });
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  expect(heard).toEqual([uri, 'tools', 'tools']);
});

test('what is there may be read by who has its scopes', async () => {
  const app = await createTestApp();
  expect(mayRead(uri, app, owner)).toBe(true);
  expect(mayRead('test://nothing', app, owner)).toBe(false);
});
