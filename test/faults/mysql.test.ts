/** A MariaDB that is killed, frozen, restarted, without a free connection, or closed to its user, while clients are at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { modern } from '../support/hostile-project.js';
import { ask, outcomeOf } from '../support/http-client.js';
import { leftOut } from '../support/left-out.js';
import { becomesFine, only, seenWhile } from '../support/load.js';
import {
  call,
  notesProject,
  readiness,
  saveNotes,
  search,
  serve,
  survivesCrash,
} from '../support/notes-under-fault.js';
import { PrivateMysql } from '../support/private-mysql.js';

let project: string;
let database: PrivateMysql | undefined;
let whyNot = '';
beforeAll(async () => {
  project = await notesProject('mysql', 'SLEEP');
  database = await PrivateMysql.start().catch((error: Error) => {
    whyNot = error.message;
    leftOut('faults of MySQL', whyNot);
    return undefined;
  });
});
afterAll(() => database?.remove());

describe('while clients are at work', () => {
  test('MariaDB is killed and comes back: no other answer than that, and no note is lost', async ({
    skip,
  }) => {
    if (database === undefined) return skip(whyNot);
    await survivesCrash(project, database, titles);
  });

  test('MariaDB freezes and thaws', async ({ skip }) => {
    if (database === undefined) return skip(whyNot);
    const server = await serve(project, { DATABASE_URL: database.url, TOOL_TIMEOUT_MS: '2000' });
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
    const server = await serve(project, { DATABASE_URL: database.url });
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
  const server = await serve(project, { DATABASE_URL: database.url, TOOL_TIMEOUT_MS: '1000' });
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
  const server = await serve(project, {
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

async function titles(): Promise<Set<unknown>> {
  const rows = (await database?.execute('SELECT title FROM app.notes')) ?? [];
  return new Set(rows.map(({ title }) => title));
}
