import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { type ChangedList, type ConnectionOptions, connectTo } from './connection.js';
import { failureKind, isFaultOfInstance } from './failures.js';

/** The pauses between attempts to connect grow from the first to the last (milliseconds). */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;
/** A connection that lasted as long begins with the first pause again (milliseconds). */
const STABLE_MS = 10_000;
/** How often a probe fails before an instance counts as gone. */
const PROBES = 2;
/** How long a process may take to end before it is killed (milliseconds). */
const END_MS = 1_000;

export interface InstanceEvents {
  connected(client: Client): void;
  failed(error: unknown): void;
  changed(list: ChangedList): void;
  updated(uri: string): void;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Whether the request may be sent again, to another instance. */
  readonly isSafe: boolean;
}

/** The instance is gone while a request runs that another one can answer. */
class MovedOn extends Error {
  override readonly name = 'MovedOn';
}

/** One instance of a server: keeps a connection to it, and knows whether it answers. */
export class Instance {
  /** How many requests run there. */
  inFlight = 0;
  #client: Client | undefined;
  #heard = 0;
  #probing: Promise<void> | undefined;
  #lost: () => void = () => {};
  readonly #safe = new Set<AbortController>();
  readonly #ended = new AbortController();
  readonly #log: Logger;
  #running: Promise<void> | undefined;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly events: InstanceEvents,
  ) {
    this.#log = options.log;
  }

  get isUp(): boolean {
    return this.#client !== undefined;
  }

  /** Connects, and again whenever the connection is lost, until `close`. */
  start(): void {
    this.#running ??= this.#run().catch((error: unknown) => {
      if (!this.#ended.signal.aborted) this.#log.error({ err: error }, 'upstream: given up');
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const began = performance.now();
      await this.#connectOnce();
      if (performance.now() - began > STABLE_MS) pause = FIRST_PAUSE_MS;
      // Half of it is random, so that gateways do not come back together.
      await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal, ref: false });
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  }

  /** Connects, and waits until the connection is lost. */
  async #connectOnce(): Promise<void> {
    const lost = new Promise<void>((resolve) => {
      this.#lost = resolve;
    });
    let client: Client;
    try {
      const { changed, updated } = this.events;
      client = await connectTo(this.options, { changed, updated, closed: () => this.#lost() });
    } catch (error) {
      this.events.failed(error);
      return;
    }
    if (this.#ended.signal.aborted) return await end(client);
    this.#client = client;
    this.#heard = performance.now();
    this.events.connected(client);
    const stopProbing = this.#probeNowAndThen();
    await lost;
    stopProbing();
    this.#client = undefined;
    for (const one of this.#safe) one.abort(new MovedOn());
    // What may not be sent twice goes on over HTTP as long as its time lasts. A process is started anew.
    const isProcess = this.options.url === undefined;
    if (isProcess || this.inFlight === 0) void end(client);
    else void this.#endWhenIdle(client);
  }

  async #endWhenIdle(client: Client): Promise<void> {
    const until = performance.now() + this.options.settings.timeoutMs;
    while (this.inFlight > 0 && performance.now() < until && !this.#ended.signal.aborted) {
      await sleep(100, undefined, { ref: false });
    }
    await end(client);
  }

  /** Sends a request. @throws what the client threw, after it was told when that is the instance's fault */
  async run<T>(
    work: (client: Client, signal: AbortSignal) => Promise<T>,
    { signal, isSafe }: RunOptions,
  ): Promise<T> {
    const client = this.#client;
    if (client === undefined) throw new MovedOn();
    const moved = isSafe ? new AbortController() : undefined;
    if (moved !== undefined) this.#safe.add(moved);
    this.inFlight += 1;
    try {
      const result = await work(
        client,
        moved === undefined ? signal : AbortSignal.any([signal, moved.signal]),
      );
      this.#heard = performance.now();
      return result;
    } catch (error) {
      if (moved?.signal.aborted) throw moved.signal.reason;
      if (signal.aborted) throw error;
      const kind = failureKind(error);
      if (kind === 'refused') this.#heard = performance.now();
      else if (kind === 'timeout') void this.#probe();
      else if (isFaultOfInstance(kind) && client === this.#client) this.#lost();
      throw error;
    } finally {
      this.inFlight -= 1;
      if (moved !== undefined) this.#safe.delete(moved);
    }
  }

  /** Asks an instance that has not been heard of lately whether it is there. */
  #probeNowAndThen(): () => void {
    const { probeEveryMs } = this.options.settings;
    const timer = setInterval(() => {
      if (performance.now() - this.#heard >= probeEveryMs / 2) void this.#probe();
    }, probeEveryMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  #probe(): Promise<void> {
    this.#probing ??= this.#probeNow().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #probeNow(): Promise<void> {
    const client = this.#client;
    const options = { timeout: this.options.settings.probeTimeoutMs };
    for (let attempt = 1; attempt <= PROBES && client !== undefined; attempt += 1) {
      try {
        if (client.getProtocolEra() === 'modern') await client.discover(options);
        else await client.ping(options);
        this.#heard = performance.now();
        return;
      } catch (error) {
        if (client !== this.#client) return;
        const kind = failureKind(error);
        // It has answered, though not as it should.
        if (kind === 'refused' || kind === 'invalid') return;
        this.#log.warn({ err: error, attempt }, 'upstream: no answer to a probe');
        if (kind !== 'timeout') break;
      }
    }
    if (client !== undefined && client === this.#client) this.#lost();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    const client = this.#client;
    this.#lost();
    if (client !== undefined) await end(client);
  }
}

/** Closes a connection. A process that does not end by itself is killed. */
async function end(client: Client): Promise<void> {
  const { transport } = client;
  const pid = transport !== undefined && 'pid' in transport ? transport.pid : null;
  const closing = client.close().catch(() => {});
  const isClosed = await Promise.race([
    closing.then(() => true),
    sleep(END_MS, false, { ref: false }),
  ]);
  if (isClosed || typeof pid !== 'number') return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended just now.
  }
}
