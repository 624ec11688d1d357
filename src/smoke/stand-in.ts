import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalValue, SmokeHints } from '../catalog/types.js';
import { type CheckGroup, oneLine, SmokeFailure } from './recorder.js';
import { describeExit, ServerProcess } from './server-process.js';

/** Stands in for the API that a project calls, during one smoke test. */
export interface StandIn {
  /** Leads servers to it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Where it is started, and when it ends at the latest. */
interface Place {
  readonly directory: string;
  /** That of the servers under test. */
  readonly env: Readonly<Record<string, string>>;
  /** What a new project's `.env` has: the owner has not set that. */
  readonly local: readonly LocalValue[];
  readonly signal: AbortSignal;
}

/**
 * Starts the project's stand-in, as a step of its own. `null` when the project has none, or its settings name an API: then that
 * is tested.
 *
 * @returns `'failed'` when it does not start
 */
export async function startStandIn(
  hint: SmokeHints['standIn'],
  { directory, env, local, signal }: Place,
  group: CheckGroup,
): Promise<StandIn | 'failed' | null> {
  if (hint === undefined) return null;
  const names = Object.keys(hint.env);
  const isSet = (name: string) =>
    env[`${name}_FILE`] ||
    (env[name] && !local.some((one) => one.name === name && one.value === env[name]));
  const script = join(directory, hint.script);
  const isThere = await stat(script)
    .then((found) => found.isFile())
    .catch(() => false);
  if (!isThere || names.some(isSet)) return null;

  const server = new ServerProcess(script, { cwd: directory, env });
  const onAbort = () => server.killNow();
  signal.addEventListener('abort', onAbort, { once: true });
  const close = async () => {
    signal.removeEventListener('abort', onAbort);
    await server.kill();
  };
  group.log = () => server.output;
  let url = '';
  const started = await group
    .step(`start ${hint.script}`, async () => {
      url = await addressOf(server);
      return `in place of ${names.join(' and ')}`;
    })
    .catch(async (error: unknown) => {
      await close();
      throw error;
    });
  if (!started) {
    await close();
    return 'failed';
  }
  const filled = Object.entries(hint.env).map(([name, value]) => [
    name,
    value.replaceAll('{url}', () => url),
  ]);
  return { env: Object.fromEntries(filled), close };
}

/** The first line that it prints. */
function addressOf(server: ServerProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.onLine = (line) => {
      server.onLine = null;
      if (URL.canParse(line)) resolve(line.replace(/\/$/, ''));
      else reject(new SmokeFailure(`it printed ${JSON.stringify(oneLine(line, 100))}, no address`));
    };
    void server.exit.then((exit) => reject(new SmokeFailure(describeExit(exit))));
  });
}
