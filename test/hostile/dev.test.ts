/** `npm run dev`: one build, one server, and both go on whatever happens to `dist/`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostileEnv, hostileProject, messageOf, modern, send } from '../support/hostile-project.js';
import { build, copyOf, freePort } from '../support/server.js';

const SLOW = { timeout: 20_000, interval: 100 };

let folder: string;
let remove = async () => {};
let dev: ChildProcess;
let output = '';
let port: number;
let url: string;

beforeAll(async () => {
  folder = await copyOf(await hostileProject(), (clean) => {
    remove = clean;
  });
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const { PATH = '' } = process.env;
  dev = spawn(process.execPath, ['scripts/dev.mjs'], {
    cwd: folder,
    env: { PATH, ...hostileEnv(), PORT: String(port) },
  });
  const read = (text: string) => {
    output += text;
  };
  dev.stdout?.setEncoding('utf8').on('data', read);
  dev.stderr?.setEncoding('utf8').on('data', read);
});
afterAll(async () => {
  dev.kill();
  await remove();
});

const isUp = async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok === true;
const metrics = async () => (await fetch(`${url}/metrics`)).text();
const starts = () => output.match(/MCP at \/mcp/g)?.length ?? 0;

/** The processes that `pid` has started, and theirs. */
async function descendants(pid: number | undefined): Promise<number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,ppid=']);
  const all = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number | undefined): number[] =>
    all.flatMap(([own = 0, of]) => (of === parent ? [own, ...below(own)] : []));
  return below(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('starts one server', async () => {
  await expect.poll(isUp, SLOW).toBe(true);
  expect(starts()).toBe(1);
  expect(output).not.toContain('stopping');
});

it('starts another one after a change', async () => {
  await appendFile(join(folder, 'src/server.ts'), '\n// changed\n');
  await expect.poll(starts, SLOW).toBe(2);
  await expect.poll(isUp, SLOW).toBe(true);
});

it('a call that takes its time is aborted soon, and does not hold up a change', async () => {
  const args = { value: 'slow', ms: 28_000 };
  const message = modern('tools/call', { name: 'who_am_i', arguments: args });
  const answer = send(port, message);
  await expect.poll(async () => (await metrics()).includes('calls_in_flight 1'), SLOW).toBe(true);
  const before = starts();
  await appendFile(join(folder, 'src/server.ts'), '\n// changed once more\n');
  await expect.poll(starts, SLOW).toBe(before + 1);
  expect(messageOf(await answer).result).toMatchObject({ _meta: { error: { code: 'ABORTED' } } });
  await expect.poll(isUp, SLOW).toBe(true);
});

it('a build by hand, which empties the folder, is another change', async () => {
  await build(folder);
  await expect.poll(starts, SLOW).toBe(4);
  await expect.poll(isUp, SLOW).toBe(true);
});

it('a mistake leaves the server as it is, and its correction counts', async () => {
  const file = join(folder, 'src/server.ts');
  const text = await readFile(file, 'utf8');
  const before = starts();
  await writeFile(file, `${text}const x: = 1;`);
  await expect.poll(() => output, SLOW).toContain('PARSE_ERROR');
  expect(await isUp()).toBe(true);
  expect(starts()).toBe(before);
  await writeFile(file, text);
  await expect.poll(starts, SLOW).toBeGreaterThan(before);
  // A build may write its files in two turns, and each is a new server.
  const isQuiet = async () => {
    const seen = starts();
    await sleep(1_500);
    return starts() === seen && (await isUp());
  };
  await expect.poll(isQuiet, SLOW).toBe(true);
});

it('ends with everything that it has started, also with a call under way', async () => {
  const args = { value: 'slow', ms: 28_000 };
  const answer = send(port, modern('tools/call', { name: 'who_am_i', arguments: args }));
  await expect.poll(async () => (await metrics()).includes('calls_in_flight 1'), SLOW).toBe(true);
  const started = await descendants(dev.pid);
  // The build, the compiler (which starts another program) and the server.
  expect(started.length).toBeGreaterThanOrEqual(3);
  const ended = new Promise((resolve) => dev.once('exit', resolve));
  dev.kill('SIGTERM');
  await ended;
  await expect.poll(() => started.filter(isAlive), SLOW).toEqual([]);
  expect(messageOf(await answer).result).toMatchObject({ _meta: { error: { code: 'ABORTED' } } });
  expect(await isUp()).toBe(false);
});
