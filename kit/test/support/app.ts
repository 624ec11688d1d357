import type { Logger } from 'pino';
import { onTestFinished } from 'vitest';
import { OverdueCalls } from '../../src/calls/call.js';
import { NO_METRICS } from '../../src/definitions/definitions.js';
import {
  type CallSettings,
  callSettings,
  type SettingsOf,
  type SettingsShape,
} from '../../src/definitions/settings.js';
import { type Env, loadSettings } from '../../src/host/host.js';
import { nodeHost } from '../../src/host/node/host.js';
import { defineServer, type ServerOptions } from '../../src/index.js';
import type { AnyPart, Part, PartEnv } from '../../src/parts.js';
import { openHttp } from '../../src/serve/http.js';
import { memoryState } from '../../src/state/memory.js';
import type { Store } from '../../src/store/sql.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { definition, server } from '../fixtures/notes/src/server.js';
import { credentials } from './credentials.js';
import { sqliteEnv } from './databases.js';

export const { about } = server;
export const log = createLogger(nodeHost, 'silent', about.name);

/** What a test has otherwise than the fixture. Parts are added to its own, everything else takes the place of its own. */
export interface TestChanges
  extends Partial<Omit<ServerOptions<typeof definition.parts>, 'parts' | 'tools'>> {
  readonly parts?: Readonly<Record<string, unknown>>;
  readonly tools?: Readonly<Record<string, unknown>>;
  readonly log?: Logger;
}

/** The environment of one test, which shares nothing with others. */
export async function testEnv(changes: Record<string, string> = {}) {
  return { LOG_LEVEL: 'silent', ...credentials.env, ...(await sqliteEnv()), ...changes };
}

/** The fixture's server, opened for HTTP for one test; it is closed when the test is over. */
export async function createTestApp(env?: Record<string, string>, changes: TestChanges = {}) {
  const { log: ownLog, parts, ...options } = changes;
  const opened = openHttp(
    defineServer({
      ...definition,
      ...(options as Partial<typeof definition>),
      parts: { ...definition.parts, ...parts },
    }),
    { env: await testEnv(env), log: ownLog },
  );
  onTestFinished(() => opened.close());
  const { store } = opened.shared as { readonly store: Store };
  return Object.assign(opened, { store });
}

export type TestApp = Awaited<ReturnType<typeof createTestApp>>;

/** The settings of a part, as a server over HTTP reads them. */
export function readSettings<Shape extends SettingsShape>(
  { settings, required }: Pick<Part<Shape>, 'settings' | 'required'>,
  env: Env,
): SettingsOf<Shape> & CallSettings {
  const shape = { ...callSettings, ...settings };
  return loadSettings(shape, env, required, nodeHost.files) as SettingsOf<Shape> & CallSettings;
}

/** Opens one part by itself, with what a server would give to it, but for `changes`. */
export function openPart<Shape extends SettingsShape, Service>(
  part: Part<Shape, Service>,
  env: Env,
  changes: Partial<PartEnv> = {},
): Service {
  const found: PartEnv = {
    about,
    definitions: server.definitions,
    config: readSettings(part, env) as PartEnv['config'],
    host: nodeHost,
    log,
    metrics: NO_METRICS,
    state: memoryState(),
    overdue: new OverdueCalls(log),
    tracing: undefined,
    carriesRole: (role) => role !== '',
    carriesClaims: true,
    ...changes,
  };
  return (part as AnyPart<Service>).open(found as never);
}
