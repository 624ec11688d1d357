import { randomUUID } from 'node:crypto';
import type { ServerEvent } from '@modelcontextprotocol/server';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { type Change, Changes } from '../definitions/changes.js';
import { type SharedRedis, UntilDone } from './shared-redis.js';

/** What replicas tell each other of. */
export const SharedChange = z.union([
  z.strictObject({ kind: z.enum(['resources_list_changed', 'missed']) }),
  z.strictObject({ kind: z.literal('resource_updated'), uri: z.string() }),
]);

/** What one replica tells the others. */
const Message = z.strictObject({ from: z.uuid(), changes: z.array(SharedChange) });

/**
 * Changes that every replica hears of. Those of this process are told here at once, whether Redis answers or not. Whoever was
 * cut off for a while is told that something was missed.
 */
export class RedisChanges extends Changes {
  readonly #id = randomUUID();
  /** The others did not get a change: as soon as Redis answers they are told that they missed something. */
  readonly #sendMissed: UntilDone;

  constructor(
    private readonly redis: SharedRedis,
    private readonly service: string,
    private readonly log: Logger,
  ) {
    super();
    this.#sendMissed = new UntilDone(redis, () => this.#send([{ kind: 'missed' }]));
    const missed = () => this.deliver({ kind: 'missed' });
    redis.subscribe(this.#channelIn, (text) => this.#receive(text), missed).catch(() => {});
  }

  /** Channels, unlike keys, are the same for all databases of a Redis. */
  readonly #channelIn = ({ options }: Redis) => `${this.service}:${options.db ?? 0}:changes`;

  protected override publish(events: readonly ServerEvent[]): void {
    super.publish(events);
    this.#send(events).catch(() => this.#sendMissed.start());
  }

  async #send(changes: readonly Change[]): Promise<void> {
    const message = JSON.stringify({ from: this.#id, changes });
    await this.redis.ask((client) => client.publish(this.#channelIn(client), message));
  }

  /** Redis may be shared with others, so what comes from it is looked at first. */
  #receive(text: string): void {
    const message = parse(text);
    if (message === undefined) this.log.warn('a message in Redis is not one of ours');
    else if (message.from !== this.#id) {
      for (const change of message.changes) this.deliver(change, 'elsewhere');
    }
  }
}

function parse(text: string): z.output<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
