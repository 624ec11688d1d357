import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Credential, Feature } from '../catalog/types.js';
import { StepError } from '../errors.js';
import { run } from '../process/run.js';
import { PASS_A_HEADER } from './http.js';
import type { ProjectTarget } from './types.js';

/** What any program needs: about what both SDKs' stdio clients pass on. */
const BASICS = [
  ...['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'],
  ...['APPDATA', 'HOMEDRIVE', 'HOMEPATH', 'LOCALAPPDATA', 'PATHEXT', 'PROGRAMFILES'],
  ...['PROCESSOR_ARCHITECTURE', 'SYSTEMDRIVE', 'SYSTEMROOT', 'TEMP', 'TMP', 'USERNAME'],
  'USERPROFILE',
];

/** They describe where the server is deployed; the server under test listens on 127.0.0.1. */
const OF_THE_DEPLOYMENT = new Set([
  ...['HOST', 'PORT', 'PUBLIC_URL', 'ALLOWED_HOSTS', 'ALLOWED_ORIGINS', 'TRUST_PROXY'],
]);

/** Chosen by the smoke test, the same for all server processes of one run. */
export interface ServerSettings {
  /** `{tmp}` is still in it. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
}

/**
 * The environment for a project's server: the basics, the project's `.env`, the variables its features know from our
 * environment, values made up for required ones that are set nowhere, and last what the features ask for when they
 * are tested. `ours` is our own environment.
 */
export async function serverSettings(
  target: ProjectTarget,
  ours: NodeJS.ProcessEnv,
): Promise<ServerSettings> {
  const file = await readEnvFile(join(target.directory, '.env'));
  const env: Record<string, string> = pick(ours, BASICS);
  Object.assign(env, file, pick(ours, knownVariables(target)));
  for (const name of OF_THE_DEPLOYMENT) delete env[name];

  for (const feature of target.features) {
    const configured = otherVariables(feature).some((name) => env[name]);
    for (const { name, value } of feature.local) {
      const isRandom = value.includes('{random}');
      // Another variable of the feature (a key set instead of a secret) takes its place.
      if (env[name] || env[`${name}_FILE`] || (isRandom && configured)) continue;
      env[name] = value
        .replaceAll('{name}', () => target.name)
        .replaceAll('{random}', () => randomBytes(32).toString('base64url'));
    }
  }
  for (const feature of target.features) Object.assign(env, feature.smoke.env);
  const secrets = secretVariables(target).flatMap((name) => env[name] ?? []);
  return { env, secrets };
}

/** Variables of the features that `.env` files and shells set, with `NAME_FILE` for secrets. */
function knownVariables(target: ProjectTarget): string[] {
  const documented = target.features.flatMap((feature) => feature.env.map(({ name }) => name));
  const local = target.features.flatMap((feature) => feature.local.map(({ name }) => name));
  return [...documented, ...local].flatMap((name) => [name, `${name}_FILE`]);
}

/** What a feature documents but does not give a local value. */
function otherVariables({ env, local }: Feature): string[] {
  const known = new Set(local.map(({ name }) => name));
  const others = env.filter(({ name }) => !known.has(name));
  return others.flatMap(({ name }) => [name, `${name}_FILE`]);
}

/** Secret as documented, or because its local value is random. */
function secretVariables(target: ProjectTarget): string[] {
  return target.features.flatMap((feature) => [
    ...feature.env.filter(({ secret }) => secret === true).map(({ name }) => name),
    ...feature.local.filter(({ value }) => value.includes('{random}')).map(({ name }) => name),
  ]);
}

/** One process's environment, with a directory of its own for `{tmp}` that `dispose` removes. */
export async function withTemporaryDirectory(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly env: Record<string, string>; dispose(): Promise<void> }> {
  if (!Object.values(env).some((value) => value.includes('{tmp}'))) {
    return { env: { ...env }, dispose: async () => {} };
  }
  const directory = await mkdtemp(join(tmpdir(), 'mcp-gen-smoke-'));
  const filled = Object.entries(env).map(([name, value]) => [
    name,
    value.replaceAll('{tmp}', () => directory),
  ]);
  return {
    env: Object.fromEntries(filled),
    dispose: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/**
 * The bearer token with which a local client may call the server. Throws a StepError that says what to pass instead
 * when there is none, for example because only hashes of keys are known.
 */
export async function bearerToken(
  credential: Exclude<Credential, { from: 'issuer' }>,
  target: ProjectTarget,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  return credential.from === 'env'
    ? tokenFromVariable(credential, target, env)
    : tokenFromScript(credential.args, target, env, signal);
}

async function tokenFromVariable(
  { variable, match }: Extract<Credential, { from: 'env' }>,
  { directory }: ProjectTarget,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const path = env[`${variable}_FILE`];
  const value =
    env[variable] || (path ? await readFile(resolve(directory, path), 'utf8').catch(() => '') : '');
  // A value with several entries (`name:key,name:key`) offers several tokens; the first that can be used will do.
  const candidates = [value, ...value.split(',')].map((entry) => entry.trim());
  for (const candidate of candidates) {
    const token = new RegExp(match).exec(candidate)?.[1];
    if (token) return token;
  }
  throw new StepError('smoke', {
    message: `${variable} contains no key that a client can send (only hashes, or nothing).`,
    hint: PASS_A_HEADER,
  });
}

async function tokenFromScript(
  args: readonly string[],
  target: ProjectTarget,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const result = await run([process.execPath, ...args], {
    cwd: target.directory,
    env,
    signal,
    timeoutMs: 10_000,
  });
  const token = result.stdout.trim();
  if (result.outcome === 'ok' && token !== '') return token;
  const reason = result.tail.at(-1) ?? result.outcome;
  throw new StepError('smoke', {
    message: `\`node ${args.join(' ')}\` printed no token for a local client: ${reason}`,
    hint: PASS_A_HEADER,
  });
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) if (env[name]) found[name] = env[name];
  return found;
}

async function readEnvFile(path: string): Promise<Record<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const entries = Object.entries(parseEnv(text)).filter(([, value]) => value);
  return Object.fromEntries(entries) as Record<string, string>;
}
