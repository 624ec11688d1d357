import type { Logger } from 'pino';
import { OverdueCalls, RunningCalls } from '../calls/call.js';
import { CallStateCodec, Cursors } from '../calls/client-state.js';
import { NO_POLICY, type Services } from '../calls/services.js';
import { LiveDefinitions, type Metrics } from '../definitions/definitions.js';
import {
  type CallSettings,
  ConfigError,
  callSettings,
  type SettingsShape,
} from '../definitions/settings.js';
import { type Env, type Host, loadSettings, sleep } from '../host/host.js';
import type { Server } from '../index.js';
import { CallLimits } from '../limits/call-limits.js';
import type { AnyPart, Part, PartEnv, Parts } from '../parts.js';
import { memoryState } from '../state/memory.js';
import {
  type AuditLog,
  type AuditSettings,
  auditSettings,
  openAuditLog,
} from '../telemetry/audit.js';
import { createLogger } from '../telemetry/logger.js';

/** A server whose parts are open. */
export interface OpenServer extends Services {
  readonly audit: AuditLog;
  /** What the server depends on; a check rejects while its dependency cannot be reached. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
  /** What routes and background work have at hand. */
  readonly context: object;
  /** The environment of a part that is opened later. */
  readonly partEnv: PartEnv;
  /** Opens a part that only one transport needs; it is checked and closed with the others. */
  open<Service>(name: string, part: AnyPart<Service>): Service;
  /** Resolves when everything is there that the server offers. Most servers have nothing to wait for. */
  readonly started: Promise<void> | undefined;
  /** Ends background work, then closes every part. */
  close(): Promise<void>;
}

/** What a transport adds to a server. */
export interface TransportOptions {
  readonly env: Env;
  readonly host: Host;
  /** Its own settings. */
  readonly settings?: SettingsShape;
  /** The settings without which it does not start. */
  readonly required?: readonly (string | readonly string[])[];
  readonly metrics: (audit: AuditLog, overdue: OverdueCalls) => Metrics;
  readonly log?: Logger | undefined;
}

const NAMED = ['auth', 'catalogue', 'limits', 'policy', 'sessions', 'settings', 'state', 'tracing'];

/** The settings of everything that a server is made of. */
export function settingsOf({ parts }: Server): SettingsShape {
  const all = Object.entries(parts)
    .filter(([name]) => name !== 'settings')
    .flatMap(([, part]) => [part as Part | readonly Part[]].flat());
  const shapes = all.map(({ settings }) => settings ?? {});
  return Object.assign({}, callSettings, auditSettings, ...shapes, parts.settings ?? {});
}

/** @throws {ConfigError} when two checks have one name: `/readyz` would show one of them. */
function refuseTwinChecks({ parts, checks }: Server): void {
  const checked = Object.entries(parts as Readonly<Record<string, AnyPart | readonly AnyPart[]>>)
    .filter(([key]) => key !== 'settings')
    .flatMap(([key, part]) => [part].flat().map((one) => [key, one] as const))
    .filter(([, { check }]) => check !== undefined)
    .map(([key, { name = key }]) => name);
  const names = [...checked, ...Object.keys(checks)];
  const twins = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (twins.size === 0) return;
  throw new ConfigError(
    [...twins].map((name) => `two readiness checks are named ${name}: give one another name`),
  );
}

/** How long background work may take to end before what it uses is closed (milliseconds). */
const BACKGROUND_END_MS = 1_000;

/**
 * Opens everything that lives as long as the process.
 * @throws {ConfigError} naming every setting that is missing or wrong.
 */
export function openServer(server: Server, transport: TransportOptions): OpenServer {
  const { about, parts } = server;
  const live = parts.catalogue && new LiveDefinitions(server.definitions);
  const definitions = live ?? server.definitions;
  refuseTwinChecks(server);
  const { host } = transport;
  const shape = { ...settingsOf(server), ...transport.settings };
  const config = loadSettings(
    shape,
    transport.env,
    transport.required,
    host.files,
  ) as CallSettings & AuditSettings & { readonly REQUEST_STATE_SECRET?: string };
  const log = transport.log ?? createLogger(host, config.LOG_LEVEL, about.name);
  const audit = openAuditLog(config, about.name, log, host);
  const overdue = new OverdueCalls(log);
  const metrics = transport.metrics(audit, overdue);
  const checks: Record<string, () => Promise<void>> = {};
  const closing: (() => unknown)[] = [];

  const auth = [parts.auth ?? []].flat();
  const base = {
    about,
    definitions,
    config,
    host,
    log,
    metrics,
    overdue,
    state: parts.state?.open({ about, config, host, log, metrics }) ?? memoryState(),
    carriesRole: (role: string) =>
      auth.some((part) => part.carriesRole?.(role, config as never) ?? role !== ''),
    carriesClaims: auth.some((part) => part.carriesClaims ?? true),
  };
  const { state } = base;
  const partEnv: PartEnv = {
    ...base,
    tracing: parts.tracing?.open({ ...base, tracing: undefined }),
  };
  const { tracing } = partEnv;

  function open<Service>(name: string, part: AnyPart<Service>): Service {
    const service = part.open(partEnv as never);
    const { check, close } = part;
    if (check !== undefined) checks[part.name ?? name] = () => check(service);
    if (close !== undefined) closing.push(() => close(service));
    return service;
  }

  // Before the policy, which may name what is not there yet.
  const catalogue = parts.catalogue && open('catalogue', parts.catalogue);
  const started = live && catalogue?.serve(live);
  const policy = parts.policy === undefined ? NO_POLICY : open('policy', parts.policy);
  const limits =
    parts.limits === undefined
      ? new CallLimits(state.limiter, overdue)
      : open('limits', parts.limits);
  const services = Object.fromEntries(
    Object.entries(parts)
      .filter(([name]) => !NAMED.includes(name))
      .map(([name, part]) => [name, open(name, part as AnyPart)]),
  );

  const ended = new AbortController();
  const own = { ...services, config: ownSettings(config, parts), changes: state.changes, metrics };
  const context = { ...own, log, signal: ended.signal };
  for (const [name, check] of Object.entries(server.checks)) {
    checks[name] = () => check(context as never);
  }
  const background = Object.entries(server.background).map(async ([name, work]) => {
    try {
      await work(context as never);
    } catch (error) {
      if (!ended.signal.aborted) log.error({ err: error }, `${name} ended`);
    }
  });

  return {
    about,
    definitions,
    instructions: server.instructions,
    config,
    host,
    log,
    audit,
    observers: [audit],
    limits,
    running: new RunningCalls(),
    overdue,
    policy,
    changes: state.changes,
    callStates: new CallStateCodec(config.REQUEST_STATE_SECRET),
    cursors: new Cursors(host, config.REQUEST_STATE_SECRET),
    tracing,
    shared: own,
    context,
    checks,
    partEnv,
    open,
    started,
    async close() {
      ended.abort();
      // Work that does not heed its signal must not keep the others from their end.
      await Promise.race([Promise.all(background), sleep(BACKGROUND_END_MS, { ref: false })]);
      for (const close of [...closing, () => state.close(), () => tracing?.close()]) {
        try {
          await close();
        } catch (error) {
          log.error({ err: error }, 'a part of the server did not close');
        }
      }
      audit.close();
    },
  };
}

/** Definitions see the settings of every server and those of their owner, and no secret of another part. */
function ownSettings(config: CallSettings, parts: Parts): object {
  const names = Object.keys({ ...callSettings, ...parts.settings });
  const all = config as unknown as Readonly<Record<string, unknown>>;
  return Object.freeze(Object.fromEntries(names.map((name) => [name, all[name]])));
}
