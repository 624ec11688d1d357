/** Generated servers, really built and started, for tests that talk to them as strangers do. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build as transpile } from 'esbuild';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import type { JsonObject, SpecInput } from '../../src/model.js';
import { cleanEnv } from './cli.js';
import { cachedInstall } from './install-cache.js';
import { planProject, realCatalog } from './projects.js';

const BUILT = join(tmpdir(), 'create-mcp-server-built');

/**
 * The folder of a built project with these choices; `change` may add to its files. Every test file and every run share it as
 * long as its files are the same: do not write into it (see `copyOf`).
 */
export async function builtProject(
  choices: SpecInput['choices'] = {},
  change: (files: Map<string, string | Uint8Array>) => void = () => {},
): Promise<string> {
  const { plan } = await planProject({ name: 'hostile', choices });
  const files = new Map([...plan].map(([path, { contents }]) => [path, contents]));
  change(files);
  const hash = createHash('sha256');
  for (const [path, contents] of files) hash.update(`${path}\0`).update(contents).update('\0');
  const folder = join(BUILT, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;

  await mkdir(BUILT, { recursive: true });
  await removeOldProjects();
  const staging = await mkdtemp(join(BUILT, 'building-'));
  try {
    for (const [path, contents] of files) {
      await mkdir(dirname(join(staging, path)), { recursive: true });
      await writeFile(join(staging, path), contents);
    }
    await symlink(await allDependencies(), join(staging, 'node_modules'), 'junction');
    await build(staging);
    // Half a project must never be found, and two test files may want the same one.
    await rename(staging, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

/** Bundles a project anew. */
export async function build(project: string): Promise<void> {
  await runTool(project, 'rolldown/bin/cli.mjs', ['--config']);
}

/**
 * The folder with the modules of a built project as they are before bundling, one file for each of `src/`, for tests that
 * look at one of them.
 */
export async function modulesOf(project: string): Promise<string> {
  const folder = join(project, 'modules');
  if (existsSync(folder)) return folder;
  // Inside of the project, where they find its packages and its files.
  const staging = await mkdtemp(join(project, 'compiling-'));
  try {
    const entryPoints = [join(project, 'src/**/*.ts')];
    await transpile({ entryPoints, outdir: staging, format: 'esm', target: 'node20' });
    await rename(staging, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

/** Templates change, and with them the names of the folders: what was built a day ago is not needed any more. */
async function removeOldProjects(): Promise<void> {
  const yesterday = Date.now() - 86_400_000;
  for (const name of await readdir(BUILT)) {
    const folder = join(BUILT, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < yesterday) await rm(folder, { recursive: true, force: true });
  }
}

/** A copy of a built project that a test may change; goes away with the test, or when `finished` says. */
export async function copyOf(
  project: string,
  finished: (clean: () => Promise<void>) => void = onTestFinished,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-copy-'));
  finished(() => rm(folder, { recursive: true, force: true }));
  await cp(project, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

/** Runs the script of an installed package in a project. Rejects with what it printed when it fails. */
export async function runTool(
  project: string,
  script: string,
  args: readonly string[],
): Promise<void> {
  const file = join(project, 'node_modules', script);
  const options = { cwd: project, env: cleanEnv(), extendEnv: false, all: true } as const;
  await execa('node', [file, ...args], options);
}

/** One installation with what any generated project may need: the union of all features' dependencies, and the kit's. */
async function allDependencies(): Promise<string> {
  const { base, axes, kit } = await realCatalog();
  const dependencies: Record<string, string> = { ...kit.dependencies, ...kit.devDependencies };
  let overrides: JsonObject = {};
  for (const { pkg } of [base, ...axes.flatMap(({ features }) => features)]) {
    for (const key of ['dependencies', 'devDependencies']) {
      Object.assign(dependencies, (pkg[key] as JsonObject | undefined) ?? {});
    }
    overrides = (pkg['overrides'] as JsonObject | undefined) ?? overrides;
  }
  return await cachedInstall('generated', dependencies, overrides);
}

export interface RunningServer {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything that it printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export interface RunningHttp extends RunningServer {
  readonly port: number;
  readonly url: string;
}

/** Starts `dist/<script>` of a built project in the folder `cwd`, in an environment that has nothing but `env`. */
export function startProcess(
  project: string,
  script: string,
  env: Readonly<Record<string, string>> = {},
  cwd = project,
  launcher: readonly string[] = [],
): RunningServer {
  const { PATH = '' } = process.env;
  const [command = '', ...args] = [...launcher, process.execPath, join(project, 'dist', script)];
  const child = spawn(command, args, {
    cwd,
    env: { PATH, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Starts the HTTP server of a project, on a free port unless `env` has one, and waits until it answers; the caller stops it. */
export async function startHttp(
  project: string,
  env: Readonly<Record<string, string>> = {},
  cwd = project,
  launcher: readonly string[] = [],
): Promise<RunningHttp> {
  const port = Number(env['PORT'] ?? (await freePort()));
  const server = startProcess(project, 'http.js', { PORT: String(port), ...env }, cwd, launcher);
  const url = `http://127.0.0.1:${port}`;
  let over = false;
  void server.ended.then(() => {
    over = true;
  });
  for (let attempt = 0; attempt < 200 && !over; attempt += 1) {
    const alive = await fetch(`${url}/healthz`).catch(() => undefined);
    if (alive?.ok) return { ...server, port, url: `${url}/mcp` };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop(server);
  throw new Error(`The server does not answer.\n${server.stderr()}`);
}

/** Ends a server as an orchestrator does and gives its exit code; one that does not end within 5 s is killed. */
export async function stop(server: RunningServer | undefined) {
  if (server === undefined) return undefined;
  const { child, ended } = server;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  return await ended.finally(() => clearTimeout(timer));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}
