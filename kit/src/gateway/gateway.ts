import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Catalogue, LiveDefinitions, Offer } from '../definitions/definitions.js';
import { ConfigError, type SettingsShape } from '../definitions/settings.js';
import { file } from '../host/node/host.js';
import { watchText } from '../host/node/watch-text.js';
import type { CataloguePart, PartEnv } from '../parts.js';
import { forwarded, UsedNames } from './forwarded.js';
import { parseGateway, type Secrets, type UpstreamSettings } from './gateway-file.js';
import { UpstreamMetrics } from './metrics.js';
import { Upstream } from './upstream.js';

const LISTS = ['tools_list_changed', 'resources_list_changed', 'prompts_list_changed'] as const;

/** How long a start waits for servers that do not answer (milliseconds). */
const START_MS = 5_000;

const settings = { GATEWAY_PATH: file.prefault('gateway.yaml') };

/**
 * The servers of `GATEWAY_PATH`, `gateway.yaml` by default: their tools, resources and prompts are offered as this server's own. The
 * part keeps up with the file.
 * @param secrets the settings that the file may name as `${NAME}`
 */
export function gateway<Shape extends SettingsShape>(
  secrets: Shape,
  { pollMs = 1_000 } = {},
): CataloguePart<typeof settings> & { check(service: Catalogue): Promise<void> } {
  return {
    name: 'upstreams',
    settings,
    open: (env) => new Gateway(env, Object.keys(secrets), pollMs),
    check: async (service) => (service as Gateway).check(),
    close: (service) => service.close(),
  };
}

interface Running {
  readonly upstream: Upstream;
  /** Its settings as they were when it was started. */
  readonly text: string;
  readonly used: UsedNames;
  /** Whether it has answered, or failed, once. */
  hasSettled: boolean;
  offer: Offer;
}

class Gateway implements Catalogue {
  readonly #path: string;
  readonly #secrets: Secrets;
  readonly #metrics: UpstreamMetrics;
  readonly #reloads;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Set<Promise<void>>();
  readonly #first: Readonly<Record<string, UpstreamSettings>>;
  readonly #stopWatching: () => void;
  #definitions: LiveDefinitions | undefined;
  #settled: () => void = () => {};

  /** @throws {ConfigError} when the file cannot be used at the start */
  constructor(
    private readonly env: PartEnv<typeof settings>,
    secretNames: readonly string[],
    pollMs: number,
  ) {
    const { config, metrics } = env;
    this.#path = config.GATEWAY_PATH;
    const all = config as unknown as Secrets;
    this.#secrets = Object.fromEntries(secretNames.map((name) => [name, all[name]]));
    this.#metrics = new UpstreamMetrics(metrics, () =>
      [...this.#running.values()].map(({ upstream: { name, instances } }) => [
        name,
        instances.up,
        instances.all,
      ]),
    );
    this.#reloads = metrics.counters(
      'mcp_gateway_reloads_total',
      'How often there was a new gateway.yaml, by result.',
      'result',
      ['ok', 'failed'],
    );
    const text = readNow(this.#path);
    const parsed = parseGateway(text, this.#secrets);
    if ('problems' in parsed) throw new ConfigError(this.#placed(parsed.problems));
    this.#first = parsed.value.upstreams;
    this.#stopWatching = watchText(this.#path, text, pollMs, (next) => this.#reload(next));
  }

  #placed(problems: readonly string[]): string[] {
    return problems.map((problem) => `${this.#path}:${problem}`);
  }

  #reload(text: string): void {
    const { log } = this.env;
    const parsed = parseGateway(text, this.#secrets);
    if ('problems' in parsed) {
      this.#reloads.failed.inc();
      const problems = this.#placed(parsed.problems);
      log.error({ problems }, 'the new gateway.yaml cannot be used; the one before it stays');
      return;
    }
    this.#reloads.ok.inc();
    log.info('gateway.yaml has changed');
    this.#apply(parsed.value.upstreams);
  }

  async serve(definitions: LiveDefinitions): Promise<void> {
    this.#definitions = definitions;
    const settled = new Promise<void>((go) => {
      this.#settled = go;
    });
    this.#apply(this.#first);
    const timer = setTimeout(() => this.#settled(), START_MS);
    await settled;
    clearTimeout(timer);
  }

  /** Starts the servers that are new or differ, and ends those that are gone; the others keep their connections. */
  #apply(wanted: Readonly<Record<string, UpstreamSettings>>): void {
    for (const [name, { upstream, text }] of this.#running) {
      const next = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
      if (next !== undefined && JSON.stringify(next) === text) continue;
      this.#running.delete(name);
      const closing = upstream.close().finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
    for (const [name, settings] of Object.entries(wanted)) {
      if (!this.#running.has(name)) this.#start(name, settings);
    }
    this.#offer();
  }

  #start(name: string, settings: UpstreamSettings): void {
    const { about, config, log, state } = this.env;
    const ownLog = log.child({ upstream: name });
    const upstream = new Upstream(
      {
        name,
        settings,
        about,
        folder: dirname(resolve(this.#path)),
        // Arguments and results are JSON inside of JSON: a character can become two.
        maxBytes: 2 * config.MAX_OUTPUT_BYTES + 1_000_000,
        log: ownLog,
        metrics: this.#metrics,
      },
      () => {
        if (this.#running.get(name) !== running) return;
        running.hasSettled = true;
        running.offer = forwarded(upstream, running.used, ownLog);
        this.#offer();
      },
      (uri) => state.changes.resourceUpdated(`${name}+${uri}`),
    );
    const used = new UsedNames();
    const text = JSON.stringify(settings);
    const offer = forwarded(upstream, used, ownLog);
    const running: Running = { upstream, text, used, offer, hasSettled: false };
    this.#running.set(name, running);
    upstream.start();
  }

  /** Offers what all servers offer now. */
  #offer(): void {
    const all = [...this.#running.values()];
    const leftOut = this.#definitions?.offer({
      tools: all.flatMap(({ offer }) => offer.tools),
      resources: all.flatMap(({ offer }) => offer.resources),
      prompts: all.flatMap(({ offer }) => offer.prompts),
      prefixes: all.flatMap(({ offer }) => offer.prefixes),
      scopes: all.flatMap(({ offer }) => offer.scopes),
      completions: all.some(({ offer }) => offer.completions),
    });
    if (leftOut !== undefined && leftOut.length > 0) {
      this.env.log.warn({ names: leftOut }, 'names of upstreams that this server uses itself');
    }
    if (all.every(({ hasSettled }) => hasSettled)) this.#settled();
    for (const kind of LISTS) this.env.state.changes.deliver({ kind });
  }

  /** @throws when a server that is `required` cannot be reached */
  check(): void {
    const away = [...this.#running.values()]
      .filter(({ upstream }) => upstream.settings.required && upstream.instances.up === 0)
      .map(({ upstream }) => upstream.name);
    if (away.length > 0) throw new Error(`no instance answers: ${away.join(', ')}`);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#settled();
    const closing = [...this.#running.values()].map(({ upstream }) => upstream.close());
    await Promise.all([...closing, ...this.#closing]);
  }
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError([`GATEWAY_PATH: ${path} cannot be read`]);
  }
}
