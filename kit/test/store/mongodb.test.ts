import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/v4';
import { faultyNetwork } from '../../../test/support/faulty-network.js';
import { ConfigError } from '../../src/definitions/settings.js';
import { defineCollection } from '../../src/store/documents.js';
import { mongodb } from '../../src/store/mongodb.js';
import { checkUrl } from '../../src/store/mongodb-connection.js';
import { openPart, readSettings } from '../support/app.js';
import { mongoStandIn } from '../support/document-stores.js';
import { startMongoStandIn } from '../support/mongo-stand-in.js';

const NOTES = defineCollection({
  name: 'notes',
  document: z.object({ _id: z.string(), title: z.string() }),
  indexes: [{ fields: { title: 'ascending' } }],
});
const note = (_id: string) => ({ _id, title: 't' });
const ANY = { limit: 100 };

/** A store on a server of its own, behind a network that can fail. */
async function open(changes: Record<string, string> = {}) {
  const server = await mongoStandIn();
  const network = await faultyNetwork(server.port);
  onTestFinished(() => network.close().catch(() => {}));
  const url = server.url.replace(`${server.port}`, `${network.port}`);
  const gauges = new Map<string, () => unknown>();
  const metrics = {
    gauge: (name: string, _: string, read: () => unknown) => gauges.set(name, read),
  };
  const store = openPart(
    mongodb(),
    { DATABASE_URL: url, ...changes },
    { metrics: metrics as never },
  );
  onTestFinished(() => store.close());
  await store.insert(NOTES, note('0'));
  return { store, server, network, read: (name: string) => gauges.get(name)?.() };
}
const LOST = { code: expect.stringMatching(/^STORE_(UNAVAILABLE|TIMEOUT)$/), retryable: true };

test('a query stops at the database when its caller does, and the store goes on', async () => {
  const { store, server } = await open();
  for (const [command, run] of [
    ['find', (signal: AbortSignal) => store.find(NOTES, {}, { ...ANY, signal })],
    ['aggregate', (signal: AbortSignal) => store.count(NOTES, {}, signal)],
  ] as const) {
    server.block(command);
    const waiting = run(AbortSignal.timeout(50));
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect.poll(() => server.stopped).toContain(command);
    server.block();
    expect(await store.count(NOTES, {})).toBe(1);
  }
});

test('every command but those of indexes has a time limit, and it is kept', async () => {
  const { store, server } = await open({ DATABASE_TIMEOUT_MS: '150' });
  await store.update(NOTES, { _id: '0' }, { title: 'u' });
  await store.find(NOTES, {}, ANY);
  await store.count(NOTES, {});
  await store.delete(NOTES, { _id: '1' });
  await store.transaction(async (tx) => await tx.insert(NOTES, note('2')));
  for (const command of server.commands) {
    const [name = ''] = Object.keys(command);
    if (name !== 'createIndexes') expect([name, command.maxTimeMS]).toEqual([name, 150]);
  }
  for (const [command, run] of [
    ['find', () => store.find(NOTES, {}, ANY)],
    ['insert', () => store.insert(NOTES, note('3'))],
  ] as const) {
    server.block(command);
    await expect(run()).rejects.toMatchObject({ code: 'STORE_TIMEOUT', retryable: true });
  }
  server.block();
  expect(await store.count(NOTES, {})).toBe(2);
});

test('a connection that a network has swallowed is given up', async () => {
  const { store, network } = await open({ DATABASE_TIMEOUT_MS: '200' });
  network.swallow();
  // The driver asks once more, over a new connection, so there may be an answer.
  await store.find(NOTES, {}, ANY).catch((error) => expect(error).toMatchObject(LOST));
  expect(await store.count(NOTES, {})).toBe(1);
}, 30_000);

test('a database that is killed is named as such, and found again when it is back', async () => {
  const { store, server } = await open();
  await server.close();
  await expect(store.find(NOTES, {}, ANY)).rejects.toMatchObject(LOST);
  await expect(store.ping()).rejects.toMatchObject(LOST);
  const again = await startMongoStandIn(server.port);
  onTestFinished(() => again.close());
  await expect
    .poll(() => store.find(NOTES, {}, ANY).catch(() => undefined), { timeout: 20_000 })
    .toEqual([]);
}, 40_000);

test('callers who wait for a connection do not wait for ever, and are counted', async () => {
  const { store, server, read } = await open({ DATABASE_POOL_SIZE: '1' });
  server.block('find');
  const first = store.find(NOTES, {}, { ...ANY, signal: AbortSignal.timeout(5_000) });
  first.catch(() => {});
  await expect.poll(() => server.commands.some((one) => 'find' in one)).toBe(true);
  const second = store.find(NOTES, {}, ANY);
  second.catch(() => {});
  await expect.poll(() => read('mcp_store_waiting')).toBe(1);
  expect(read('mcp_store_connections')).toEqual([
    [{ state: 'used' }, 1],
    [{ state: 'idle' }, 0],
  ]);
  await expect(second).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  await expect(first).rejects.toThrow();
  server.block();
  expect(await store.find(NOTES, {}, ANY)).toHaveLength(1);
  await expect.poll(() => read('mcp_store_waiting')).toBe(0);
}, 30_000);

test.each([
  [13, 'STORE_UNAVAILABLE'],
  [18, 'STORE_UNAVAILABLE'],
  [91, 'STORE_UNAVAILABLE'],
  [112, 'STORE_BUSY'],
  [50, 'STORE_TIMEOUT'],
])('error %i of the database is %s, and the store goes on', async (number, code) => {
  const { store, server } = await open();
  server.fail(number);
  await expect(store.insert(NOTES, note('1'))).rejects.toMatchObject({ code, retryable: true });
  server.fail();
  await store.insert(NOTES, note('1'));
});

test('a mistake in a call is no reason to call again', async () => {
  const { store, server } = await open();
  server.fail(2);
  await expect(store.find(NOTES, {}, ANY)).rejects.not.toHaveProperty('retryable');
});

test('nobody is told to repeat a change that may have been made', async () => {
  const { store, network } = await open({ DATABASE_TIMEOUT_MS: '200' });
  const unknown = store.transaction(async (tx) => {
    await tx.insert(NOTES, note('1'));
    await network.close();
  });
  await expect(unknown).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
}, 30_000);

test('indexes are made once, before the collection is used, or by somebody else', async () => {
  const { store, server } = await open();
  await Promise.all([store.count(NOTES, {}), store.find(NOTES, {}, ANY)]);
  const names = server.commands.map((command) => Object.keys(command)[0]);
  expect(names.slice(0, 2)).toEqual(['createIndexes', 'insert']);
  expect(names.filter((name) => name === 'createIndexes')).toHaveLength(1);
  const other = await open({ CREATE_INDEXES: 'false' });
  expect(other.server.commands.map((command) => Object.keys(command)[0])).toEqual(['insert']);
});

test('indexes that could not be made are tried again', async () => {
  const server = await mongoStandIn();
  const store = openPart(mongodb(), { DATABASE_URL: server.url });
  onTestFinished(() => store.close());
  server.fail(13);
  await expect(store.count(NOTES, {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  server.fail();
  expect(await store.count(NOTES, {})).toBe(0);
});

test('close does not wait for a database that does not answer', async () => {
  const { store, network } = await open();
  network.swallow();
  const closed = store.close();
  await expect(Promise.race([closed.then(() => 'closed'), sleep(5_000)])).resolves.toBe('closed');
}, 20_000);

test.each([
  ['mongodb://user:secret@host:27017', 'names no database'],
  ['mongodb://user:secret@host:27017/?tls=true', 'names no database'],
  ['mongodb://user:secret@host/app?nonsense=1', 'nonsense'],
  ['mongodb://user:secret@host:99999/app', 'DATABASE_URL'],
  ['mongodb://user:sec:ret@host/app', 'DATABASE_URL'],
  ['postgres://user:secret@host/app', 'must be mongodb://'],
])('a wrong address is refused without its password: %s', (url, reason) => {
  let message = '';
  try {
    readSettings(mongodb(), { DATABASE_URL: url });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    ({ message } = error as Error);
  }
  expect(message).toContain(reason);
  expect(message).not.toMatch(/secret|sec:ret/);
});

test('an address may name several servers, and files relative to the project', () => {
  const url = 'mongodb://a:1,b:2/app?replicaSet=rs0&tls=true&tlsCAFile=certs%2Fca.pem';
  expect(decodeURIComponent(checkUrl(url))).toMatch(/tlsCAFile=\/.+\/certs\/ca\.pem$/);
});
