/** A project that keeps notes in a database server, and what its clients see while that server fails. */
import { expect, onTestFinished } from 'vitest';
import { NO_LIMITS } from './faults-project.js';
import { modern } from './hostile-project.js';
import { ask, outcomeOf } from './http-client.js';
import { becomesFine, only, seenWhile, startLoad } from './load.js';
import { builtProject, type RunningHttp, startHttp, stop } from './server.js';

/** A tool that asks the database for as long as it is told to, by a function of its SQL. */
const sleepTool = (sqlFunction: string) => `
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
    await store.query(sql\`SELECT ${sqlFunction}(\${seconds})\`, signal);
    return {};
  },
});
`;

/** Builds notes over HTTP on a datastore, with the tool `sleep`. @param sleepFunction of the database's SQL @returns the folder */
export function notesProject(datastore: string, sleepFunction: string): Promise<string> {
  const choices = { starter: 'notes', transport: ['http'], auth: 'none', datastore };
  return builtProject(choices, (files) => {
    const barrel = 'src/tools/index.ts';
    files.set('src/tools/sleep.ts', sleepTool(sleepFunction));
    files.set(barrel, `${files.get(barrel)}export { sleep } from './sleep.js';\n`);
  });
}

export const call = (era: typeof modern, name: string, args: object) =>
  era('tools/call', { name, arguments: args });

/** Starts the server of a project without limits, for one test. */
export async function serve(
  project: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningHttp> {
  const server = await startHttp(project, { ...NO_LIMITS, ...env });
  onTestFinished(async () => void (await stop(server)));
  return server;
}

export const search = async (port: number) =>
  outcomeOf(await ask(port, call(modern, 'search_notes', { text: 'x' })));

export const readiness = async (port: number) =>
  (await fetch(`http://127.0.0.1:${port}/readyz`)).status;

/** Clients that save notes all the time. */
export const saveNotes = (port: number) =>
  startLoad(port, (era, title) => call(era, 'create_note', { title, body: 'x' }));

interface Killable {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/**
 * Kills a database and starts it again while clients save notes: they get no other answer than that, and no note is lost.
 * @param titles of the notes that are in it
 */
export async function survivesCrash(
  project: string,
  database: Killable,
  titles: () => Promise<ReadonlySet<unknown>>,
): Promise<void> {
  const server = await serve(project, { DATABASE_URL: database.url });
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
  const stored = await titles();
  expect(saved.filter((title) => !stored.has(title))).toEqual([]);
  expect(server.child.exitCode).toBeNull();
  expect(server.stderr()).not.toContain('uncaughtException');
}
