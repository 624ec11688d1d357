import type { Redis } from 'ioredis';
import { ANSWER_MS, inTime, PAUSE_MS, RedisConnection } from '../connections/redis.js';

/** How often a connection on which nothing is asked is looked at: one that is dead shows no sign of it. */
const LOOK_MS = 5_000;

interface Channel {
  /** Its name: channels, unlike keys, are the same for all databases of a Redis. */
  readonly channelIn: (redis: Redis) => string;
  readonly receive: (message: string) => void;
  readonly missed: () => void;
}

/** The Redis that all replicas share: one connection for questions, and one for messages. */
export class SharedRedis extends RedisConnection {
  readonly #channels: Channel[] = [];
  #listening: Promise<void> | undefined;
  #subscriber: Redis | undefined;

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
    const { redis } = await this.opening;
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
      inTime(subscriber.ping(), ANSWER_MS).catch(() => subscriber.disconnect(true));
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
