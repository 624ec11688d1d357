import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** By default Redis has this long to answer (milliseconds). */
export const ANSWER_MS = 400;
/** After so many questions in a row without an answer the circuit opens: for a while Redis is not asked (milliseconds). */
const MAX_FAILURES = 3;
export const PAUSE_MS = 1_000;
/** A connection that was lost is made again at once; only the attempts after that one pause (milliseconds). */
const FIRST_PAUSE_MS = 50;

/** Where a Redis is, as its client takes it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: ConnectionOptions;
}

export interface RedisConnectionOptions {
  /** How long Redis has to answer (milliseconds). */
  readonly answerMs?: number;
  /** How long a question waits for a connection (milliseconds); by default not at all, once the first attempt has failed. */
  readonly patienceMs?: number;
  /** Called with each new connection: after a failover it may lead to another server. */
  readonly onReady?: (redis: Redis) => void;
}

type Opening = Promise<{ readonly redis: Redis; readonly connected: Promise<void> }>;

/** A connection to Redis for questions that are answered in time or fail. It connects again by itself. */
export class RedisConnection {
  protected readonly opening: Opening;
  readonly #close = new AbortController();
  readonly closed = this.#close.signal;
  #failures = 0;
  /** What the connection said last: who asks only learns that there is none. */
  #reason: string | undefined;
  #pausedUntil = 0;

  constructor(
    target: string | RedisAddress,
    protected readonly log: Logger,
    private readonly options: RedisConnectionOptions = {},
  ) {
    this.opening = this.#open(target);
    this.opening.catch(() => {});
  }

  /** Loads the client, which may take a while on a busy machine, and starts to connect. */
  async #open(target: string | RedisAddress): Opening {
    const { Redis } = await import('ioredis');
    const options = {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times: number) => (times === 1 ? FIRST_PAUSE_MS : PAUSE_MS),
    };
    const redis =
      typeof target === 'string'
        ? new Redis(target, options)
        : new Redis({ ...target, ...options });
    redis.on('error', (error: Error & { readonly command?: { readonly name?: string } }) => {
      this.#reason = error.message;
      // The client would go on in the first database.
      if (error.command?.name === 'select') redis.disconnect(true);
    });
    const { onReady } = this.options;
    if (onReady !== undefined) redis.on('ready', () => onReady(redis));
    return { redis, connected: redis.connect().catch(() => {}) };
  }

  /** @throws when Redis does not answer in time, or while the circuit is open because it did not. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    if (performance.now() < this.#pausedUntil)
      throw new Error('the circuit to Redis is open: it did not answer before');
    try {
      const { redis, connected } = await this.opening;
      const { answerMs = ANSWER_MS, patienceMs = 0 } = this.options;
      const ready = connected.then(() => untilReady(redis, patienceMs));
      const answer = await inTime(
        ready.then(() => question(redis)),
        answerMs,
      );
      if (this.#failures > 0) this.log.info('Redis answers again');
      this.#reason = undefined;
      this.#failures = 0;
      return answer;
    } catch (error) {
      if (this.#failures === 0) {
        this.log.error({ err: error, reason: this.#reason }, 'no answer from Redis');
      }
      this.#failures += 1;
      const isSilent = !(error instanceof Error && error.name === 'ReplyError');
      if (isSilent && this.#failures >= MAX_FAILURES && performance.now() > this.#pausedUntil) {
        this.#pausedUntil = performance.now() + PAUSE_MS;
        this.opening.then(({ redis }) => redis.disconnect(true)).catch(() => {});
      }
      throw error;
    }
  }

  /** Whether it answered when it was last asked. Asks again: the next one to look gets to know what it says. */
  look(): boolean {
    this.ask((redis) => redis.ping()).catch(() => {});
    return this.#failures === 0;
  }

  close(): void {
    this.#close.abort();
    this.opening.then(({ redis }) => redis.disconnect()).catch(() => {});
  }
}

/** Resolves with the connection, or when the time is up. */
function untilReady(redis: Redis, ms: number): Promise<void> | undefined {
  if (redis.status === 'ready' || ms === 0) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      redis.off('ready', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    redis.once('ready', done);
  });
}

/** An answer, unless the time is up and all that has arrived is read: that we are busy does not mean that Redis is slow. */
export async function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`Redis does not answer within ${ms} ms`));
    timer = setTimeout(() => setImmediate(giveUp), ms);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
