import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { elasticsearch } from '../../src/store/elasticsearch.js';
import { applyIndices, indexStatus, readIndexFiles } from '../../src/store/index-files.js';
import '../support/project.js';
import { log, readSettings } from '../support/app.js';
import { newFolder } from '../support/folder.js';
import { openSearchStore, startStandIn } from '../support/search-stores.js';

const ID = { id: { type: 'keyword' } };

function filesWith(properties: object, more: object = {}) {
  const folder = newFolder('indices');
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ mappings: { properties: { ...ID, ...properties } }, ...more });
  writeFileSync(join(folder, 'notes.json'), text);
  return readIndexFiles(folder);
}

async function openAdmin() {
  const cluster = await startStandIn();
  const part = elasticsearch();
  const { admin } = part.openIndices(readSettings(part, { DATABASE_URL: cluster.url }));
  return { cluster, admin };
}

test('an index is made once, with what its file says, and behind an alias', async () => {
  const { cluster, admin } = await openAdmin();
  const files = filesWith({}, { settings: { refresh_interval: '200ms' } });
  expect(await indexStatus(admin, '', files)).toEqual({ applied: [], pending: ['notes.json'] });
  expect(await applyIndices(admin, '', log, files)).toEqual(['notes.json']);
  expect(await applyIndices(admin, '', log, files)).toEqual([]);
  expect(await indexStatus(admin, '', files)).toEqual({ applied: ['notes.json'], pending: [] });
  expect(cluster.indices.get('notes-1')).toMatchObject({
    aliases: { notes: { is_write_index: true } },
    settings: { refresh_interval: '200ms' },
    mappings: { dynamic: 'strict', properties: ID },
  });
});

test('processes that start at once make each index once', async () => {
  const { cluster, admin } = await openAdmin();
  const files = filesWith({});
  const made = await Promise.all([1, 2, 3].map(() => applyIndices(admin, 'a-', log, files)));
  expect(made.flat()).toEqual(['notes.json']);
  expect([...cluster.indices.keys()]).toEqual(['a-notes-1']);
});

test('a field more is added to an index that is there', async () => {
  const { cluster, admin } = await openAdmin();
  await applyIndices(admin, '', log, filesWith({}));
  const files = filesWith({ title: { type: 'text' } });
  expect(await applyIndices(admin, '', log, files)).toEqual(['notes.json']);
  const properties = { ...ID, title: { type: 'text' } };
  expect(cluster.indices.get('notes-1')?.mappings).toMatchObject({ properties });
});

test('a field of another type is refused by the name of the file', async () => {
  const { admin } = await openAdmin();
  await applyIndices(admin, '', log, filesWith({ title: { type: 'text' } }));
  const files = filesWith({ title: { type: 'keyword' } });
  await expect(applyIndices(admin, '', log, files)).rejects.toThrow(
    'indices/notes.json: mapper [title] cannot be changed from type [text] to [keyword].',
  );
});

test('an index of somebody else is left alone', async () => {
  const { admin } = await openAdmin();
  await admin.create('notes', 'other', {});
  const files = filesWith({});
  await expect(applyIndices(admin, '', log, files)).rejects.toThrow('is an index of somebody else');
});

test.each([
  ['{', 'indices/notes.json: '],
  ['{"mapping": {}}', 'indices/notes.json: '],
  ['{"mappings": {"properties": {"id": {"type": "text"}}}}', 'mappings.properties.id.type'],
])('a file that says %s is named', (text, problem) => {
  const folder = newFolder('indices');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'notes.json'), text);
  expect(() => readIndexFiles(folder)).toThrow(problem);
});

test('a server that makes no indices says which are missing, and goes on once they are there', async () => {
  const cluster = await startStandIn();
  const env = { DATABASE_URL: cluster.url, MIGRATE_ON_START: 'false' };
  const store = openSearchStore(env);
  await expect(store.ping()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    cause: { message: expect.stringContaining('indices/notes.json') },
  });
  await openSearchStore({ DATABASE_URL: cluster.url }).ping();
  await store.ping();
});
