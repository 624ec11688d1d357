import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Redis has this long to answer, in milliseconds; after so many failures in a row the circuit opens: it is not asked for a while. */
const ANSWER_MS = 400;
const MAX_FAILURES = 3;
const PAUSE_MS = 1_000;

/** How often a connection on which nothing is asked is looked at: one that is dead shows no sign of it. */
const LOOK_MS = 5_000;

/** Loads the client, which may take a while on a busy machine, and starts to connect. */
async function open(url: string, onError: (error: Error) => void) {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => PAUSE_MS,
  });
  redis.on('error', onError);
  return { redis, connected: redis.connect().catch(() => {}) };
}

interface Channel {
  /** Its name: channels, unlike keys, are the same for all databases of a Redis. */
  readonly channelIn: (redis: Redis) => string;
  readonly receive: (message: string) => void;
  readonly missed: () => void;
}

/** The Redis that all replicas share: one connection for questions, and one for messages. */
export class SharedRedis {
  readonly #opening: ReturnType<typeof open>;
  readonly #close = new AbortController();
  readonly closed = this.#close.signal;
  readonly #channels: Channel[] = [];
  #listening: Promise<void> | undefined;
  #subscriber: Redis | undefined;
  #failures = 0;
  /** What the connection said last: who asks only learns that there is none. */
  #reason: string | undefined;
  #pausedUntil = 0;

  constructor(
    url: string,
    private readonly log: Logger,
  ) {
    this.#opening = open(url, ({ message }) => {
      this.#reason = message;
    });
    this.#opening.catch(() => {});
  }

  /** @throws when Redis does not answer in time, or while the circuit is open because it did not. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    if (performance.now() < this.#pausedUntil)
      throw new Error('the circuit to Redis is open: it did not answer before');
    try {
      const { redis, connected } = await this.#opening;
      const answer = await inTime(connected.then(() => question(redis)));
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
        this.#opening.then(({ redis }) => redis.disconnect(true)).catch(() => {});
      }
      throw error;
    }
  }

  /** Whether it answered when it was last asked. Asks again: the next one to look gets to know what it says. */
  look(): boolean {
    this.ask((redis) => redis.ping()).catch(() => {});
    return this.#failures === 0;
  }

  /** Calls `receive` with every message on a channel, and `missed` whenever there may have been others before. */
  async subscribe(
    channelIn: (redis: Redis) => string,
    receive: (message: string) => void,
    missed: () => void = () => {},
  ): Promise<void> {
    const channel = { channelIn, receive, missed };
    this.#channels.push(channel);
    if (this.#subscriber?.status === 'ready') this.#hear(this.#subscriber, channel);
    this.#listening ??= this.#listen();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { redis } = await this.#opening;
    const subscriber = redis.duplicate({ autoResubscribe: false });
    this.#subscriber = subscriber;
    subscriber.on('error', () => {});
    subscriber.on('message', (name, message) => {
      for (const { channelIn, receive } of this.#channels) {
        if (channelIn(subscriber) === name) receive(message);
      }
    });
    subscriber.on('ready', () => {
      for (const channel of this.#channels) this.#hear(subscriber, channel);
    });
    const look = setInterval(() => {
      if (subscriber.status !== 'ready') return;
      inTime(subscriber.ping()).catch(() => subscriber.disconnect(true));
    }, LOOK_MS).unref();
    this.closed.addEventListener('abort', () => {
      clearInterval(look);
      subscriber.disconnect();
    });
    if (this.closed.aborted) return;
    await subscriber.connect().catch(() => {});
  }

  #hear(subscriber: Redis, { channelIn, missed }: Channel): void {
    const deaf = (error: unknown) => this.log.error({ err: error }, 'no messages from Redis');
    subscriber.subscribe(channelIn(subscriber)).then(missed, deaf);
  }

  close(): void {
    this.#close.abort();
    this.#opening.then(({ redis }) => redis.disconnect()).catch(() => {});
  }
}

/** Does a step again and again until it succeeds or the Redis is closed, one at a time. */
export class UntilDone {
  #repeating: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: Pick<SharedRedis, 'closed'>,
    private readonly step: () => Promise<unknown>,
  ) {}

  start(): void {
    const stop = () => {
      clearInterval(this.#repeating);
      this.#repeating = undefined;
    };
    this.#repeating ??= setInterval(() => {
      if (this.redis.closed.aborted) stop();
      else this.step().then(stop, () => {});
    }, PAUSE_MS).unref();
  }
}

/** An answer, unless the time is up and all that has arrived is read: that we are busy does not mean that Redis is slow. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`Redis does not answer within ${ANSWER_MS} ms`));
    timer = setTimeout(() => setImmediate(giveUp), ANSWER_MS);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
