import type { Client, ProgressCallback } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { CallContext, ServerInfo } from '../definitions/definitions.js';
import { failureKind, toToolError, unavailable } from './failures.js';
import type { UpstreamSettings } from './gateway-file.js';
import { Instance } from './instance.js';
import { readLists, type UpstreamLists } from './lists.js';
import type { UpstreamMetrics } from './metrics.js';

/** Lists are read again at most so often, however often a server says that they have changed (milliseconds). */
const REFRESH_PAUSE_MS = 1_000;

export interface UpstreamOptions {
  /** Its name in `gateway.yaml`, with which its tools begin. */
  readonly name: string;
  readonly settings: UpstreamSettings;
  readonly about: ServerInfo;
  readonly folder: string;
  readonly maxBytes: number;
  readonly log: Logger;
  readonly metrics: UpstreamMetrics;
}

/** One request to a server behind the gateway. */
export interface UpstreamRequest<T> {
  readonly ctx: Pick<CallContext, 'signal' | 'wantsProgress' | 'progress'>;
  /** Whether it may be sent twice. */
  readonly isSafe: boolean;
  send(client: Client, options: SendOptions): Promise<T>;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly timeout: number;
  readonly onprogress?: ProgressCallback;
}

/** A server behind the gateway: its instances, and what they offer. */
export class Upstream {
  readonly name: string;
  readonly settings: UpstreamSettings;
  /** What it offered when it was last asked; `undefined` until it has answered. */
  lists: UpstreamLists | undefined;
  readonly #instances: readonly Instance[];
  #next = 0;
  #refreshing = false;
  #again = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #reported = '';

  /** @param changed it offers something else than before, or has answered, or failed, for the first time */
  constructor(
    private readonly options: UpstreamOptions,
    private readonly changed: () => void,
    private readonly updated: (uri: string) => void,
  ) {
    const { name, settings, metrics } = options;
    this.name = name;
    this.settings = settings;
    this.#instances = (settings.instances ?? [undefined]).map(
      (url) =>
        new Instance(
          { ...options, url },
          {
            connected: () => {
              metrics.connected(name, true);
              this.#reported = '';
              void this.refresh();
            },
            failed: (error) => {
              metrics.connected(name, false);
              this.#report(error);
              if (this.lists === undefined) this.changed();
            },
            changed: () => void this.refresh(),
            updated: (uri) => this.updated(uri),
          },
        ),
    );
  }

  start(): void {
    for (const instance of this.#instances) instance.start();
    this.#timer = setInterval(() => void this.refresh(), this.settings.refreshEveryMs);
    this.#timer.unref();
  }

  /** How many instances answer, of how many. */
  get instances(): { readonly up: number; readonly all: number } {
    const up = this.#instances.filter(({ isUp }) => isUp).length;
    return { up, all: this.#instances.length };
  }

  /**
   * Sends a request to the instance with the least to do. When that fails, another one gets it, if it never arrived or may be sent
   * twice.
   * @throws {ToolError}
   */
  async request<T>({ ctx, isSafe, send }: UpstreamRequest<T>): Promise<T> {
    const { name, settings, options } = this;
    const { timeoutMs } = settings;
    const { signal } = ctx;
    const began = performance.now();
    const tried = new Set<Instance>();
    let failure: unknown;
    for (;;) {
      const left = timeoutMs - (performance.now() - began);
      const instance = left > 0 ? this.#pick(tried) : undefined;
      if (instance === undefined) break;
      if (tried.size > 0) options.metrics.retried(name);
      tried.add(instance);
      try {
        const result = await instance.run(
          (client, whileUp) =>
            send(client, {
              signal: whileUp,
              timeout: left,
              ...(ctx.wantsProgress && {
                onprogress: ({ progress, total, message }) =>
                  void ctx.progress(progress, total, message),
              }),
            }),
          { signal, isSafe },
        );
        options.metrics.ended(name, '', performance.now() - began);
        return result;
      } catch (error) {
        failure = error;
        if (signal.aborted) {
          options.metrics.ended(name, 'cancelled', performance.now() - began);
          throw error;
        }
        const kind = failureKind(error);
        if (!(kind === 'unsent' || (isSafe && kind === 'broken'))) break;
      }
    }
    const kind = failure === undefined ? 'unsent' : failureKind(failure);
    options.metrics.ended(name, kind, performance.now() - began);
    if (failure === undefined) throw unavailable(name, undefined, false);
    options.log.warn({ err: failure, kind }, 'upstream: a request failed');
    if (kind === 'unsent') throw unavailable(name, failure, false);
    throw toToolError(failure, name, timeoutMs);
  }

  /** The instance that answers and has the least to do; of several, one after the other. */
  #pick(without: ReadonlySet<Instance>): Instance | undefined {
    const all = this.#instances;
    let best: Instance | undefined;
    for (let step = 0; step < all.length; step += 1) {
      const one = all[(this.#next + step) % all.length];
      if (one === undefined || !one.isUp || without.has(one)) continue;
      if (best === undefined || one.inFlight < best.inFlight) best = one;
    }
    this.#next += 1;
    return best;
  }

  /** Reads its lists again. They are kept while it cannot answer. */
  async refresh(): Promise<void> {
    this.#again = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#readLists();
        if (this.#again) await new Promise((go) => setTimeout(go, REFRESH_PAUSE_MS).unref());
      }
    } finally {
      this.#refreshing = false;
    }
  }

  async #readLists(): Promise<void> {
    const { settings, options } = this;
    const timeout = AbortSignal.timeout(settings.timeoutMs);
    const instance = this.#pick(new Set());
    if (instance === undefined) return;
    try {
      const lists = await instance.run(
        (client, signal) => readLists(client, { settings, signal, log: options.log }),
        { signal: timeout, isSafe: true },
      );
      if (this.#closed) return;
      const isNew = this.lists?.fingerprint !== lists.fingerprint;
      if (isNew) {
        const changed = changedTools(this.lists, lists);
        if (changed.length > 0) {
          options.metrics.redefined(this.name, changed.length);
          options.log.warn({ tools: changed }, 'upstream: definitions of tools have changed');
        }
        this.lists = lists;
        this.changed();
      }
    } catch (error) {
      this.#report(error);
      if (this.lists === undefined) this.changed();
    }
  }

  /** The same failure is logged once, until it connects. */
  #report(error: unknown): void {
    const text = String(error);
    if (text === this.#reported || this.#closed) return;
    this.#reported = text;
    this.options.log.warn({ err: error }, 'upstream: cannot be reached, or lists nothing');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all(this.#instances.map((one) => one.close()));
  }
}

/** Tools that have the same name as before and another definition. */
function changedTools(before: UpstreamLists | undefined, after: UpstreamLists): string[] {
  if (before === undefined) return [];
  const known = new Map(before.tools.map(({ tool, hash }) => [tool.name, hash]));
  return after.tools
    .filter(({ tool, hash }) => known.has(tool.name) && known.get(tool.name) !== hash)
    .map(({ tool }) => tool.name);
}
