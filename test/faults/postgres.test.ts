/** A PostgreSQL that is killed, frozen, restarted or cut off while clients are at work. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { faultyNetwork } from '../support/faulty-network.js';
import { modern } from '../support/hostile-project.js';
import { answerTo, ask, begin } from '../support/http-client.js';
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
import { PrivatePostgres } from '../support/private-postgres.js';
import { startHttp, stop } from '../support/server.js';

/** How many connections a server may have (`kit/src/store/postgres.ts`). */
const POOL = 10;

let project: string;
let postgres: PrivatePostgres | undefined;
let whyNot = '';
beforeAll(async () => {
  project = await notesProject('postgres', 'pg_sleep');
  postgres = await PrivatePostgres.start().catch((error: Error) => {
    whyNot = error.message;
    leftOut('faults of PostgreSQL', whyNot);
    return undefined;
  });
});
afterAll(() => postgres?.remove());

describe('while clients are at work', () => {
  test('PostgreSQL is killed and comes back: no other answer than that, and no note is lost', async ({
    skip,
  }) => {
    if (postgres === undefined) return skip(whyNot);
    const { url } = postgres;
    await survivesCrash(project, postgres, () => titles(url));
  });

  test('PostgreSQL freezes and thaws', async ({ skip }) => {
    if (postgres === undefined) return skip(whyNot);
    const server = await serve(project, { DATABASE_URL: postgres.url, TOOL_TIMEOUT_MS: '2000' });
    const clients = saveNotes(server.port);
    await becomesFine(clients);
    postgres.freeze();
    const seen = await seenWhile(clients, 'TIMEOUT', 4_500);
    expect(seen).toEqual(only('ok', 'TIMEOUT', 'STORE_UNAVAILABLE'));
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
    await expect.poll(() => readiness(server.port), { timeout: 10_000 }).toBe(503);
    postgres.thaw();
    await becomesFine(clients);
  });

  test('their role may not connect any more, and then it may', async ({ skip }) => {
    if (postgres === undefined) return skip(whyNot);
    await execute(postgres.url, `CREATE ROLE app LOGIN`);
    await execute(postgres.url, 'GRANT ALL ON SCHEMA public TO app');
    await execute(postgres.url, 'GRANT ALL ON ALL TABLES IN SCHEMA public TO app');
    const url = postgres.url.replace('test@', 'app@');
    const server = await serve(project, { DATABASE_URL: url });
    const clients = saveNotes(server.port);
    await becomesFine(clients);
    await execute(postgres.url, 'ALTER ROLE app NOLOGIN');
    const ofRole = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`;
    await execute(postgres.url, ofRole);
    const seen = await seenWhile(clients, 'STORE_UNAVAILABLE', 1_000);
    expect(seen).toEqual(only('ok', 'STORE_UNAVAILABLE'));
    await expect.poll(() => readiness(server.port), { timeout: 5_000 }).toBe(503);
    await execute(postgres.url, 'ALTER ROLE app LOGIN');
    await becomesFine(clients);
    expect(server.stderr()).not.toContain('uncaughtException');
  });

  test('SIGTERM with a frozen PostgreSQL ends in order', async ({ skip }) => {
    if (postgres === undefined) return skip(whyNot);
    const server = await serve(project, { DATABASE_URL: postgres.url, TOOL_TIMEOUT_MS: '1000' });
    expect(await search(server.port)).toBe('ok');
    postgres.freeze();
    const call = search(server.port);
    const probe = readiness(server.port).catch(() => {});
    await sleep(300);
    server.child.kill('SIGTERM');
    expect(await call).toBe('TIMEOUT');
    await probe;
    const code = await server.ended;
    postgres.thaw();
    expect(server.stderr()).not.toContain('not stopped within');
    expect(code).toBe(0);
  });
});

describe('the queries of 300 calls that nobody waits for', () => {
  const sleeping = call(modern, 'sleep', { seconds: 30 });

  /** Calls, and goes away. */
  async function abandon(port: number): Promise<void> {
    const sent = begin(port, sleeping);
    const answer = answerTo(sent).catch(() => {});
    sent.end(JSON.stringify(sleeping.body));
    await once(sent, 'finish');
    await sleep(60);
    sent.destroy();
    await answer;
  }

  const callAndWait = async (port: number) => void (await ask(port, sleeping));

  test.each([
    ['because their clients have gone', 'CANCELLED', false, {}, abandon],
    ['because their clients have gone, over TLS', 'CANCELLED', true, {}, abandon],
    ['because the time was up', 'TIMEOUT', false, { TOOL_TIMEOUT_MS: '500' }, callAndWait],
  ])(
    'end, and take no connection beyond the pool: %s',
    async (_, outcome, overTls, env, attempt) => {
      if (postgres === undefined) return;
      const url = overTls ? postgres.tlsUrl : postgres.url;
      const server = await startHttp(project, { DATABASE_URL: url, ...env });
      onTestFinished(async () => void (await stop(server)));
      expect(await search(server.port)).toBe('ok');

      let mostSessions = 0;
      for (let calls = 30; calls <= 300; calls += 30) {
        await Promise.all(Array.from({ length: 30 }, () => attempt(server.port)));
        while (server.stderr().split(`"${outcome}"`).length <= calls) {
          mostSessions = Math.max(mostSessions, (await sessions()).length);
          await sleep(20);
        }
      }
      expect(mostSessions).toBeLessThanOrEqual(POOL);
      // The database itself would end them after 10 s.
      await expect.poll(asleep, { timeout: 8_000 }).toBe(0);
      expect(await search(server.port)).toBe('ok');
      expect((await sessions()).length).toBeLessThanOrEqual(POOL);
    },
  );
});

test('a connection that a network has swallowed is given up', async ({ skip }) => {
  if (postgres === undefined) return skip(whyNot);
  const network = await faultyNetwork(postgres.address);
  onTestFinished(() => network.close());
  const url = new URL(postgres.url);
  url.port = String(network.port);
  const server = await serve(project, { DATABASE_URL: url.href });
  expect(await search(server.port)).toBe('ok');
  network.swallow();
  expect(await search(server.port)).toBe('STORE_UNAVAILABLE');
  expect(await search(server.port)).toBe('ok');
});

test('eight servers that start at once on an empty database all come up', async ({ skip }) => {
  if (postgres === undefined) return skip(whyNot);
  await execute(postgres.url, 'DROP TABLE IF EXISTS notes, mcp_migrations');
  const { url } = postgres;
  const servers = await Promise.all(
    Array.from({ length: 8 }, () => serve(project, { DATABASE_URL: url })),
  );
  const outcomes = await Promise.all(
    servers.flatMap(({ port }) => [search(port), search(port), search(port)]),
  );
  expect(outcomes).toEqual(outcomes.map(() => 'ok'));
  expect(await execute(url, 'SELECT name FROM mcp_migrations')).toEqual([
    { name: '0001-notes.sql' },
  ]);
});

/** The sessions that servers have in the database. */
async function sessions(): Promise<Record<string, string>[]> {
  if (postgres === undefined) return [];
  const ofServers = `SELECT query, state FROM pg_stat_activity WHERE application_name = 'hostile'`;
  return await execute(postgres.url, ofServers);
}

/** How many of them still sleep. */
async function asleep(): Promise<number> {
  const all = await sessions();
  return all.filter(({ query, state }) => state === 'active' && query?.includes('pg_sleep')).length;
}

async function titles(url: string): Promise<Set<unknown>> {
  return new Set((await execute(url, 'SELECT title FROM notes')).map(({ title }) => title));
}

async function execute(url: string, statement: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
