/** A SQLite file that several servers open at once, and a disk that is full. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { NO_LIMITS } from '../support/faults-project.js';
import { modern } from '../support/hostile-project.js';
import { ask, outcomeOf } from '../support/http-client.js';
import { leftOut } from '../support/left-out.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

let project: string;
beforeAll(async () => {
  const choices = { starter: 'notes', transport: ['http'], auth: 'none', datastore: 'sqlite' };
  project = await builtProject(choices);
});

async function serve(folder: string): Promise<RunningHttp> {
  const server = await startHttp(project, {
    ...NO_LIMITS,
    DATABASE_URL: `file:${join(folder, 'test.db')}`,
  });
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const outcome = async (port: number, name: string, args: object) =>
  outcomeOf(await ask(port, modern('tools/call', { name, arguments: args })));
const create = (port: number, body = 'x') =>
  outcome(port, 'create_note', { title: 'a note', body });
const search = (port: number) => outcome(port, 'search_notes', { text: 'note' });

const readiness = async (port: number) => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;

test('eight servers that start at once on a file that is not there all come up', async () => {
  const folder = temporaryFolder('create-mcp-server-sqlite-');
  const servers = await Promise.all(Array.from({ length: 8 }, () => serve(folder)));
  const outcomes = await Promise.all(servers.flatMap(({ port }) => [create(port), create(port)]));
  expect(outcomes).toEqual(outcomes.map(() => 'ok'));
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
