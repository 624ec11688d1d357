import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, SmokeHints } from '../catalog/types.js';
import { StepError } from '../errors.js';
import { connect, type Endpoint } from './clients.js';
import {
  bearerToken,
  type ServerSettings,
  serverSettings,
  withTemporaryDirectory,
} from './environment.js';
import { checkGuards } from './guards.js';
import { checkHealth, checkReady, send } from './http.js';
import { type SmokeIssuer, startSmokeIssuer } from './issuer.js';
import { checkPrimitives } from './primitives.js';
import { type CheckGroup, oneLine, type Recorder, SmokeFailure, skipped } from './recorder.js';
import type { SchemaCheck } from './schema.js';
import { describeExit, ServerProcess } from './server-process.js';
import { type StandIn, startStandIn } from './stand-in.js';
import { ProcessTransport } from './stdio-transport.js';
import { ERAS, type Era, MCP_PATH, type ProjectTarget } from './types.js';

/** What all server processes of one run share. */
interface Run {
  readonly target: ProjectTarget;
  readonly settings: ServerSettings;
  readonly hints: SmokeHints;
  readonly check: SchemaCheck;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
  readonly onOutput: (line: string) => void;
  /** Only for servers whose tokens come from an identity provider. */
  readonly issuer: SmokeIssuer | null;
  /** Only for servers that call an API, as long as their settings name none. */
  readonly standIn: StandIn | null;
}

export interface ProjectRunOptions {
  readonly recorder: Recorder;
  readonly check: SchemaCheck;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Replace the derived credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** Told each secret as soon as it is known. */
  readonly hide: (secrets: readonly string[]) => void;
  readonly onOutput: (line: string) => void;
}

/**
 * Starts the project's servers as clients do, once per client and transport, and tests them. Throws a StepError when
 * there is nothing to start or no credential.
 */
export async function smokeProject(
  target: ProjectTarget,
  { recorder, check, env, signal, headers, hide, onOutput }: ProjectRunOptions,
): Promise<void> {
  const entries = target.features.flatMap((feature) => feature.entry ?? []);
  if (entries.length === 0) {
    throw new StepError('smoke', { message: 'The project has no server to start.' });
  }
  await mustBeBuilt(target, entries);
  const settings = await serverSettings(target, env);
  hide(settings.secrets);
  const hints = mergedHints(target);
  const { directory, features } = target;
  const local = features.flatMap((feature) => feature.local);
  const place = { directory, env: settings.env, local, signal };
  const remote = recorder.group('stand-in');
  const standIn = await startStandIn(hints.standIn, place, remote).finally(() => remote.end());
  // Without it the servers would call the API itself.
  if (standIn === 'failed') return;
  try {
    const issuer = Object.keys(headers).length > 0 ? null : await issuerFor(target);
    const shared = { target, settings, hints, check, recorder, signal, onOutput };
    await smokeEntries({ ...shared, issuer, standIn }, entries, headers, hide);
  } finally {
    await standIn?.close();
  }
}

async function smokeEntries(
  run: Run,
  entries: readonly Entry[],
  headers: Readonly<Record<string, string>>,
  hide: ProjectRunOptions['hide'],
): Promise<void> {
  const { recorder, issuer } = run;
  const work: Promise<void>[] = [];
  for (const entry of entries) {
    if (entry.kind === 'stdio') {
      for (const era of ERAS)
        work.push(smokeStdio(run, entry, era, recorder.group(`stdio · ${era}`)));
    } else {
      work.push(smokeHttp(run, entry, headers, hide));
    }
  }
  await allSettled(work).finally(() => issuer?.close());
}

async function issuerFor({ features }: ProjectTarget): Promise<SmokeIssuer | null> {
  const credential = features.find((feature) => feature.credential !== null)?.credential;
  return credential?.from === 'issuer' ? await startSmokeIssuer(credential) : null;
}

/** Waits for all, so that every server is gone, then throws the first error. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function mustBeBuilt(target: ProjectTarget, entries: readonly Entry[]): Promise<void> {
  for (const { script } of entries) {
    const found = await stat(join(target.directory, script)).catch(() => null);
    if (found?.isFile()) continue;
    throw new StepError('smoke', {
      message: `${script} does not exist in ${target.directory}: the project is not built.`,
      hint: ['Build it first', target.buildCommand].filter(Boolean).join(': '),
    });
  }
}

/** The first feature that has a hint wins; environments are joined. */
function mergedHints({ features }: ProjectTarget): SmokeHints {
  return Object.assign({}, ...features.map(({ smoke }) => smoke).reverse());
}

/** A server process with what it needs, removed again when the work is over, however it ends. */
async function withServer(
  run: Run,
  entry: Entry,
  extra: Readonly<Record<string, string>>,
  work: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  run.signal.throwIfAborted();
  const { env, dispose } = await withTemporaryDirectory(run.settings.env);
  const script = join(run.target.directory, entry.script);
  const server = new ServerProcess(script, {
    cwd: run.target.directory,
    env: { ...env, ...run.issuer?.env, ...run.standIn?.env, ...extra },
  });
  server.onLog = run.onOutput;
  const onAbort = () => server.killNow();
  run.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await work(server);
  } finally {
    run.signal.removeEventListener('abort', onAbort);
    await server.kill();
    await dispose();
  }
}

async function smokeStdio(run: Run, entry: Entry, era: Era, group: CheckGroup): Promise<void> {
  try {
    await withServer(run, entry, {}, async (server) => {
      attach(group, server);
      const transport = new ProcessTransport(server);
      await smokeConnection(run, { kind: 'stdio', transport }, era, group);
      if (server.exited === null) await checkEndOfInput(group, server);
      await checkStdout(group, server, transport.noise);
      await checkNothingLeft(group, server);
    });
  } finally {
    group.end();
  }
}

/** Connects, checks the primitives, and disconnects. */
async function smokeConnection(
  run: Run,
  endpoint: Endpoint,
  era: Era,
  group: CheckGroup,
): Promise<void> {
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  await group.step('connect', async (signal) => {
    connection = await connect(era, endpoint, signal);
    if (connection.version === era) return undefined;
    throw new SmokeFailure(`the server negotiated ${connection.version} with a client of ${era}`);
  });
  if (connection === undefined) return;
  try {
    if (!group.failed) {
      await checkPrimitives(group, connection, {
        hints: run.hints,
        check: run.check,
        readOnly: false,
      });
    }
  } finally {
    await connection.close().catch(() => {});
  }
}

function attach(group: CheckGroup, server: ServerProcess): void {
  group.log = () => server.output;
  group.exitReason = () => server.exitReason();
}

async function checkEndOfInput(group: CheckGroup, server: ServerProcess): Promise<void> {
  await group.step(
    'exits when stdin closes',
    () => {
      server.closeStdin();
      return mustExit(group, server, 'its stdin was closed');
    },
    'its stdin was closed, and the server did not exit',
  );
}

/** Waits for exit code 0. */
async function mustExit(group: CheckGroup, server: ServerProcess, after: string): Promise<string> {
  // The exit is the subject here; do not append it again.
  group.exitReason = () => null;
  const exit = await server.ended();
  if (exit.code === 0) return 'exit code 0';
  throw new SmokeFailure(`${describeExit(exit)} after ${after}, expected exit code 0`);
}

async function checkStdout(
  group: CheckGroup,
  server: ServerProcess,
  noise: readonly string[],
): Promise<void> {
  await group.step('only JSON-RPC on stdout', async () => {
    const rest = server.unfinishedLine;
    const lines = rest === '' ? noise : [...noise, rest];
    if (lines.length === 0) return undefined;
    throw new SmokeFailure(
      `the server printed to stdout, which breaks clients: ${JSON.stringify(oneLine(lines[0] ?? '', 200))}` +
        (lines.length > 1 ? ` and ${lines.length - 1} more lines` : ''),
    );
  });
}

async function checkNothingLeft(group: CheckGroup, server: ServerProcess): Promise<void> {
  // A server that had to be killed may leave processes behind.
  if (server.exited === null) return;
  await group.step('nothing left running', async () => {
    if (process.platform === 'win32') return skipped('not detectable on Windows');
    const left = await server.leftovers();
    if (left.length === 0) return undefined;
    throw new SmokeFailure(`the server exited but left processes running: ${left.join(', ')}`);
  });
}

async function smokeHttp(
  run: Run,
  entry: Entry,
  given: Readonly<Record<string, string>>,
  hide: (secrets: readonly string[]) => void,
): Promise<void> {
  const { recorder } = run;
  const common = recorder.group('http');
  const eras = ERAS.map((era) => ({ era, group: recorder.group(`http · ${era}`) }));
  const end = recorder.group('http');
  try {
    let headers = await credentialHeaders(run, given);
    hide(Object.values(headers));
    const port = await freePort();
    const origin = new URL(`http://127.0.0.1:${port}`);
    const url = new URL(MCP_PATH, origin);
    const extra = { HOST: '127.0.0.1', PORT: String(port) };
    await withServer(run, entry, extra, async (server) => {
      for (const group of [common, end, ...eras.map(({ group }) => group)]) attach(group, server);
      const started = await common.step('start', (signal) =>
        untilListening(server, origin, signal),
      );
      if (!started) return;
      const { issuer } = run;
      if (issuer) {
        await common.step('protected resource metadata', async (signal) => {
          headers = { authorization: `Bearer ${await issuer.signIn(origin, signal)}` };
          hide(Object.values(headers));
          return undefined;
        });
      }
      const guards = async () => {
        await common.step('healthz', (at) => checkHealth(new URL('/healthz', origin), false, at));
        await common.step('readyz', (at) => checkReady(new URL('/readyz', origin), false, at));
        const credentialHeaders = Object.keys(headers);
        await checkGuards(common, { url, headers, credentialHeaders, behindProxy: false });
        common.end();
      };
      await allSettled([
        guards(),
        ...eras.map(async ({ era, group }) => {
          await smokeConnection(run, { kind: 'http', url, headers }, era, group);
          group.end();
        }),
      ]);
      await checkTermination(end, server);
      await checkNothingLeft(end, server);
    });
  } finally {
    for (const group of [common, ...eras.map(({ group }) => group), end]) group.end();
  }
}

async function credentialHeaders(
  { target, settings, signal }: Run,
  given: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  if (Object.keys(given).length > 0) return { ...given };
  const credential = target.features.find((feature) => feature.credential !== null)?.credential;
  if (!credential || credential.from === 'issuer') return {};
  const { env, dispose } = await withTemporaryDirectory(settings.env);
  try {
    const token = await bearerToken(credential, target, env, signal);
    return { authorization: `Bearer ${token}` };
  } finally {
    await dispose();
  }
}

/** Until anything answers on the port, or the server has ended. */
async function untilListening(
  server: ServerProcess,
  origin: URL,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    if (server.exited !== null) throw new SmokeFailure('it exited before it listened');
    if (signal.aborted) throw new SmokeFailure('it is not listening');
    try {
      await send(new URL('/healthz', origin), { signal });
      return `127.0.0.1:${origin.port}`;
    } catch {
      await sleep(20);
    }
  }
}

async function checkTermination(group: CheckGroup, server: ServerProcess): Promise<void> {
  await group.step(
    'clean exit on SIGTERM',
    async () => {
      // Windows has no SIGTERM: the process would just be gone.
      if (process.platform === 'win32') return skipped('Windows has no SIGTERM');
      if (server.exited !== null) throw new SmokeFailure('it exited during the test');
      server.terminate();
      return mustExit(group, server, 'SIGTERM');
    },
    'after SIGTERM the server did not exit',
  );
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port')),
      );
    });
  });
}
