/** A MariaDB that is killed, frozen, restarted, without a free connection, or closed to its user, while clients are at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NO_LIMITS } from '../support/faults-project.js';
import { modern } from '../support/hostile-project.js';
import { ask, outcomeOf } from '../support/http-client.js';
import { leftOut } from '../support/left-out.js';
import { becomesFine, only, seenWhile, startLoad } from '../support/load.js';
import { PrivateMysql } from '../support/private-mysql.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

/** A tool that asks the database for as long as it is told to. */
const SLEEP = `
import * as z from 'zod/v4';
import { sql } from '../kit/store/sql.js';
import { defineTool } from '../parts.js';

export const sleep = defineTool({
  name: 'sleep',
  title: 'Sleep',
  description: 'For the tests.',
  input: z.object({ seconds: z.number() }),
  output: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async run({ seconds }, { store, signal }) {
    await store.query(sql\`SELECT SLEEP(\${seconds})\`, signal);
    return {};
  },
});
`;

let project: string;
let database: PrivateMysql | undefined;
let whyNot = '';
beforeAll(async () => {
  const choices = { starter: 'notes', transport: ['http'], auth: 'none', datastore: 'mysql' };
  project = await builtProject(choices, (files) => {
    const barrel = 'src/tools/index.ts';
    files.set('src/tools/sleep.ts', SLEEP);
    files.set(barrel, `${files.get(barrel)}export { sleep } from './sleep.js';\n`);
  });
  database = await PrivateMysql.start().catch((error: Error) => {
    whyNot = error.message;
    leftOut('faults of MySQL', whyNot);
    return undefined;
  });
});
afterAll(() => database?.remove());

const call = (era: typeof modern, name: string, args: object) =>
  era('tools/call', { name, arguments: args });

async function serve(env: Readonly<Record<string, string>>): Promise<RunningHttp> {
  const server = await startHttp(project, { ...NO_LIMITS, ...env });
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const search = async (port: number) =>
  outcomeOf(await ask(port, call(modern, 'search_notes', { text: 'x' })));

const readiness = async (port: number) => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;

const saveNotes = (port: number) =>
  startLoad(port, (era, title) => call(era, 'create_note', { title, body: 'x' }));

describe('while clients are at work', () => {
  test('MariaDB is killed and comes back: no other answer than that, and no note is lost', async ({
    skip,
  }) => {
    if (database === undefined) return skip(whyNot);
    const server = await serve({ DATABASE_URL: database.url });
    const clients = saveNotes(server.port);
    await becomesFine(clients);
    await database.kill();
    const seen = await seenWhile(clients, 'STORE_UNAVAILABLE', 1_500);
    expect(seen).toEqual(only('ok', 'STORE_UNAVAILABLE'));
    await expect.poll(() => readiness(server.port), { timeout: 5_000 }).toBe(503);
    await database.start();
    await becomesFine(clients);
    await expect.poll(() => readiness(server.port), { timeout: 5_000 }).toBe(200);

    const saved = await clients.stop();
    expect(saved.length).toBeGreaterThan(50);
    const rows = await database.execute('SELECT title FROM app.notes');
    const stored = new Set(rows.map(({ title }) => title));
    expect(saved.filter((title) => !stored.has(title))).toEqual([]);
    expect(server.child.exitCode).toBeNull();
    expect(server.stderr()).not.toContain('uncaughtException');
  });

  test('MariaDB freezes and thaws', async ({ skip }) => {
    if (database === undefined) return skip(whyNot);
    const server = await serve({ DATABASE_URL: database.url, TOOL_TIMEOUT_MS: '2000' });
    const clients = saveNotes(server.port);
    await becomesFine(clients);
    database.freeze();
    const seen = await seenWhile(clients, 'TIMEOUT', 4_500);
    expect(seen).toEqual(only('ok', 'TIMEOUT', 'STORE_UNAVAILABLE', 'STORE_TIMEOUT'));
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
    database.thaw();
    await becomesFine(clients);
  });

  test('their user loses its rights, and gets them back', async ({ skip }) => {
    if (database === undefined) return skip(whyNot);
    const server = await serve({ DATABASE_URL: database.url });
    const clients = saveNotes(server.port);
    await becomesFine(clients);
    await database.execute('ALTER USER app@localhost ACCOUNT LOCK');
    await database.execute('KILL USER app@localhost');
    const seen = await seenWhile(clients, 'STORE_UNAVAILABLE', 1_000);
    expect(seen).toEqual(only('ok', 'STORE_UNAVAILABLE'));
    await expect.poll(() => readiness(server.port), { timeout: 5_000 }).toBe(503);
    expect(server.stderr()).not.toContain('app:app');
    await database.execute('ALTER USER app@localhost ACCOUNT UNLOCK');
    await becomesFine(clients);
  });
});

test('SIGTERM with a frozen MariaDB ends in order', async ({ skip }) => {
  if (database === undefined) return skip(whyNot);
  const server = await serve({ DATABASE_URL: database.url, TOOL_TIMEOUT_MS: '1000' });
  expect(await search(server.port)).toBe('ok');
  database.freeze();
  onTestFinished(() => database?.thaw());
  const late = search(server.port);
  await sleep(300);
  server.child.kill('SIGTERM');
  expect(await late).toBe('TIMEOUT');
  const code = await server.ended;
  expect(server.stderr()).not.toContain('not stopped within');
  expect(code).toBe(0);
});

test('calls beyond the pool wait their turn and end with their time, and the database keeps no query', async ({
  skip,
}) => {
  if (database === undefined) return skip(whyNot);
  const server = await serve({
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '3',
    TOOL_TIMEOUT_MS: '1500',
  });
  expect(await search(server.port)).toBe('ok');
  const asleep = Array.from({ length: 12 }, async () =>
    outcomeOf(await ask(server.port, call(modern, 'sleep', { seconds: 30 }))),
  );
  await sleep(500);
  expect(await running()).toHaveLength(3);
  const outcomes = await Promise.all(asleep);
  expect(outcomes.filter((one) => !/^(TIMEOUT|STORE_UNAVAILABLE)$/.test(one))).toEqual([]);
  expect(outcomes).toContain('TIMEOUT');
  await expect.poll(running, { timeout: 8_000 }).toEqual([]);
  expect(await search(server.port)).toBe('ok');
});

/** The queries that sleep in the database. */
async function running(): Promise<unknown[]> {
  const sleeping = `SELECT id FROM information_schema.processlist WHERE user = 'app' AND info LIKE '%SLEEP(%'`;
  return (await database?.execute(sleeping)) ?? [];
}
