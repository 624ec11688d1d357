/** A SQLite file that several servers open at once, one that another process has locked, and a disk that is full. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { FEW_DESCRIPTORS, NO_LIMITS, whyNotFewDescriptors } from '../support/faults-project.js';
import { modern } from '../support/hostile-project.js';
import { ask, flood, outcomeOf } from '../support/http-client.js';
import { leftOut } from '../support/left-out.js';
import { COLLECT_OFTEN, REPORTS, reportsOf } from '../support/preload.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

let project: string;
beforeAll(async () => {
  const choices = { starter: 'notes', transport: ['http'], auth: 'none', datastore: 'sqlite' };
  project = await builtProject(choices, (files) => {
    const barrel = 'src/tools/index.ts';
    files.set('src/tools/late-rows.ts', LATE_ROWS);
    files.set(barrel, `${files.get(barrel)}export { lateRows } from './late-rows.js';\n`);
  });
});

/** Its first row is there at once, and its second one never. */
const LATE_ROWS = `
import * as z from 'zod/v4';
import { sql } from '../kit/store/sql.js';
import { defineTool } from '../parts.js';

export const lateRows = defineTool({
  name: 'late_rows',
  title: 'Probe',
  description: 'For the tests.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({}),
  output: z.object({}),
  async run(_, { store, signal }) {
    await store.query(
      sql\`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 2\`,
      signal,
    );
    return {};
  },
});
`;

async function serve(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  launcher: readonly string[] = [],
): Promise<RunningHttp> {
  const all = { ...NO_LIMITS, ...env, DATABASE_URL: `file:${join(folder, 'test.db')}` };
  const server = await startHttp(project, all, project, launcher);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const outcome = async (port: number, name: string, args: object, agent?: Agent) =>
  outcomeOf(await ask(port, modern('tools/call', { name, arguments: args }), agent));
const create = (port: number, body = 'x') =>
  outcome(port, 'create_note', { title: 'a note', body });
const search = (port: number) => outcome(port, 'search_notes', { text: 'note' });

/** Rejects when the event loop stands still for as long as an engine that waits for a lock would hold it. */
const health = async (port: number) => {
  const signal = AbortSignal.timeout(3_500);
  return (await fetch(`http://127.0.0.1:${port}/healthz`, { signal })).status;
};
const readiness = async (port: number) => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;

test('eight servers that start at once on a file that is not there all come up', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const servers = await Promise.all(Array.from({ length: 8 }, () => serve(folder)));
  const outcomes = await Promise.all(servers.flatMap(({ port }) => [create(port), create(port)]));
  expect(outcomes).toEqual(outcomes.map(() => 'ok'));
});

test('the first use does not look up the names of who is connected', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const server = await serve(folder, REPORTS);
  expect(await create(server.port)).toBe('ok');
  expect(await readiness(server.port)).toBe(200);
  const reports = reportsOf(server);
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.filter(({ excludeNetwork, sockets }) => !excludeNetwork || sockets > 0)).toEqual(
    [],
  );
});

test('it is used for the first time while a flood takes every connection', async ({ skip }) => {
  const reason = whyNotFewDescriptors();
  if (reason !== undefined) return skip(reason);
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const server = await serve(folder, {}, FEW_DESCRIPTORS);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  expect(outcomeOf(await ask(server.port, modern('tools/list'), agent))).toBe('ok');
  await flood(server.port, 500);
  const note = { title: 'a note', body: 'x' };
  expect(await outcome(server.port, 'create_note', note, agent)).toBe('ok');
});

test('while another process has locked it, calls that write are refused and all others served', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const server = await serve(folder, COLLECT_OFTEN);
  expect(await create(server.port)).toBe('ok');
  const unlock = await lock(folder);
  // What is left of these is freed while the others wait.
  const reads = await Promise.all(Array.from({ length: 50 }, () => search(server.port)));
  expect(reads).toEqual(Array(50).fill('ok'));
  let waiting = true;
  const writes = Promise.all(Array.from({ length: 5 }, () => create(server.port))).finally(() => {
    waiting = false;
  });
  while (waiting) {
    expect(await health(server.port)).toBe(200);
    expect(await readiness(server.port)).toBe(200);
    expect(await search(server.port)).toBe('ok');
  }
  expect(await writes).toEqual(Array(5).fill('STORE_BUSY'));

  // A lock that goes in time costs no call.
  const late = create(server.port);
  await Promise.all([search(server.port), search(server.port)]);
  await unlock();
  expect(await late).toBe('ok');
});

test('a file that is locked at the start is migrated when the lock goes', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const unlock = await lock(folder);
  const server = await serve(folder);
  expect(await create(server.port)).toBe('STORE_BUSY');
  const late = create(server.port);
  expect(await health(server.port)).toBe(200);
  await unlock();
  expect(await late).toBe('ok');
});

test('a query that finds its rows late stops nothing, and ends with its call', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const server = await serve(folder, { TOOL_TIMEOUT_MS: '1500' });
  const late = outcome(server.port, 'late_rows', {});
  for (let time = 0; time < 10; time += 1) expect(await health(server.port)).toBe(200);
  expect(await late).toBe('TIMEOUT');
  expect(await search(server.port)).toBe('ok');
});

test('a full disk fails calls that write, and nothing else; with space again they work', async ({
  skip,
}) => {
  const disk = smallDisk();
  if (disk === undefined) return skip('no small disk without the right to mount one');
  const server = await serve(disk);
  expect(await create(server.port)).toBe('ok');
  const filler = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));

  const outcomes: string[] = [];
  for (let count = 0; count < 20; count += 1)
    outcomes.push(await create(server.port, 'x'.repeat(20_000)));
  expect(outcomes.filter((one) => one !== 'ok' && one !== 'STORE_UNAVAILABLE')).toEqual([]);
  expect(outcomes).toContain('STORE_UNAVAILABLE');
  expect(server.stderr()).toContain('SQLITE_FULL');
  expect(await search(server.port)).toBe('ok');
  expect(await readiness(server.port)).toBe(200);

  rmSync(filler);
  expect(await create(server.port, 'x'.repeat(20_000))).toBe('ok');
  expect(await stop(server)).toBe(0);
});

test('a disk that is full at the start is no reason to die', async ({ skip }) => {
  const disk = smallDisk();
  if (disk === undefined) return skip('no small disk without the right to mount one');
  const filler = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  const server = await serve(disk);
  expect(await create(server.port)).toBe('STORE_UNAVAILABLE');
  expect(await readiness(server.port)).toBe(503);
  rmSync(filler);
  expect(await create(server.port)).toBe('ok');
  await expect.poll(() => readiness(server.port), { timeout: 5_000 }).toBe(200);
});

/** Locks the database in another process until the function is called that this gives. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const source = `
    const Database = require('libsql');
    const database = new Database(${JSON.stringify(join(folder, 'test.db'))});
    database.exec('PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE');
    console.log('locked');
    process.stdin.resume().on('end', () => process.exit());
  `;
  const other = spawn(process.execPath, ['--eval', source], { cwd: project });
  other.stderr.pipe(process.stderr);
  onTestFinished(() => void other.kill());
  await once(other.stdout, 'data');
  return async () => {
    other.stdin.end();
    await once(other, 'exit');
  };
}

/** A folder that is a disk of 1 MB; `undefined` when this account may not mount one. */
function smallDisk(): string | undefined {
  const folder = temporaryFolder('create-mcp-server-disk-');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    leftOut('a full disk', (error as Error).message.trim());
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}
