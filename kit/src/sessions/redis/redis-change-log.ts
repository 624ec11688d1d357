import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { Change, Changes } from '../../definitions/definitions.js';
import { SharedChange } from '../../state/redis.js';
import { type SharedRedis, UntilDone } from '../../state/shared-redis.js';
import {
  CHANGE_LOG_BOUNDS,
  type ChangeLog,
  formatLogPosition,
  type LoggedChange,
  parseLogPosition,
  SessionsUnavailable,
} from '../session-state.js';

/** How long it is known which log this is, and the number of its newest change. */
const KNOWN_MS = 86_400_000;

/** KEYS: the changes, and what is known of the log. ARGV[1]: the name of a new log. */
const OPEN = `
if redis.call('HSETNX', KEYS[2], 'log', ARGV[1]) == 1 then redis.call('DEL', KEYS[1]) end
redis.call('PEXPIRE', KEYS[2], ${KNOWN_MS})
local log = redis.call('HGET', KEYS[2], 'log')
local last = tonumber(redis.call('HGET', KEYS[2], 'last') or 0)
`;

/** ARGV: the name of a new log, channel, how many changes are kept, for how many ms, changes. */
const APPEND = `${OPEN}
for i = 5, #ARGV do
  local id = (last + i - 4) .. '-0'
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[3], id, 'c', ARGV[i])
end
redis.call('HSET', KEYS[2], 'last', last + #ARGV - 4)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local first = '{"log":"' .. log .. '","first":' .. (last + 1)
redis.call('PUBLISH', ARGV[2], first .. ',"changes":[' .. table.concat(ARGV, ',', 5) .. ']}')
`;

const NEWEST = `${OPEN}
return { log, last }
`;

/** ARGV: the name of a new log, that of the one that is asked for, the number of a change in it. */
const AFTER = `${OPEN}
local number = tonumber(ARGV[3])
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local oldest = first and tonumber(string.match(first[1], '^%d+')) or last + 1
if log ~= ARGV[2] or number > last or number < oldest - 1 then return false end
local changes = {}
for i, change in ipairs(redis.call('XRANGE', KEYS[1], (number + 1) .. '-0', '+')) do
  changes[i] = change[2][2]
end
return changes
`;

const LogName = z.string().regex(/^\w{1,40}$/);

const Newest = z.tuple([LogName, z.int().min(0)]);

const Message = z.strictObject({
  log: LogName,
  first: z.int().positive(),
  changes: z.array(SharedChange),
});

/**
 * The changes of all replicas. What each of them notices by itself is told here, and is not in the log; nor is what happens while
 * Redis does not answer: afterwards all are told that they missed something.
 */
export class RedisChangeLog implements ChangeLog {
  readonly #listeners = new Set<(change: LoggedChange) => void>();
  /** What every replica has noticed, and until when a stream that is taken up again is told. */
  readonly #noticed = new Map<Change, number>();
  #waiting: Change[] = [];
  /** The log has a gap: as soon as Redis answers it says so. */
  readonly #appendMissed: UntilDone;
  readonly #keys: readonly [changes: string, log: string];

  constructor(
    private readonly redis: SharedRedis,
    private readonly service: string,
    changes: Pick<Changes, 'listen'>,
    private readonly log: Logger,
  ) {
    this.#keys = [`${service}:{sessions}:changes`, `${service}:{sessions}:change-log`];
    this.#appendMissed = new UntilDone(redis, () => this.#append([{ kind: 'missed' }]));
    redis.subscribe(this.#channelIn, (text) => this.#receive(text)).catch(() => {});
    changes.listen((change, origin) => {
      if (origin === 'here') this.#collect(change);
      else if (origin === 'everywhere') this.#notice(change);
    });
  }

  readonly #channelIn = ({ options }: Redis) =>
    `${this.service}:${options.db ?? 0}:session-changes`;

  listen(hear: (change: LoggedChange) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  async newest(): Promise<string> {
    const { data, success } = Newest.safeParse(await this.#run(NEWEST));
    if (!success) {
      this.log.warn('the log of changes in Redis is not ours');
      throw new SessionsUnavailable();
    }
    const [log, number] = data;
    return formatLogPosition({ log, number });
  }

  async after(place: string): Promise<readonly LoggedChange[]> {
    const { log, number } = parseLogPosition(place) ?? { log: '', number: 0 };
    const found = await this.#run(AFTER, log, number);
    if (found === null) return [{ at: await this.newest(), change: { kind: 'missed' } }];
    const changes = z.array(z.string()).parse(found).map(parseChange);
    const logged = changes.map((change, i) => ({
      at: formatLogPosition({ log, number: number + i + 1 }),
      change,
    }));
    return [...logged, ...this.#lately()];
  }

  #collect(change: Change): void {
    if (this.#waiting.length === 0) queueMicrotask(() => this.#appendAll());
    this.#waiting.push(change);
  }

  #appendAll(): void {
    const changes = this.#waiting;
    this.#waiting = [];
    this.#append(changes).catch(() => {
      for (const change of changes) this.#tell({ change });
      this.#appendMissed.start();
    });
  }

  async #append(changes: readonly Change[]): Promise<void> {
    const texts = changes.map((change) => JSON.stringify(change));
    const { maxChanges, maxAgeMs } = CHANGE_LOG_BOUNDS;
    await this.redis.ask((client) =>
      client.eval(
        APPEND,
        2,
        ...this.#keys,
        newLog(),
        this.#channelIn(client),
        maxChanges,
        maxAgeMs,
        ...texts,
      ),
    );
  }

  #notice(change: Change): void {
    if (change.kind !== 'missed')
      this.#noticed.set(change, performance.now() + CHANGE_LOG_BOUNDS.maxAgeMs);
    this.#lately();
    this.#tell({ change });
  }

  /** What was noticed not long ago. Whether the client knows it already, nobody knows. */
  #lately(): LoggedChange[] {
    const now = performance.now();
    for (const [change, end] of this.#noticed) if (end <= now) this.#noticed.delete(change);
    const kinds = new Map([...this.#noticed.keys()].map((change) => [change.kind, change]));
    return [...kinds.values()].map((change) => ({ change }));
  }

  #tell(change: LoggedChange): void {
    for (const hear of this.#listeners) hear(change);
  }

  async #run(script: string, ...args: (string | number)[]): Promise<unknown> {
    const run = (client: Redis) => client.eval(script, 2, ...this.#keys, newLog(), ...args);
    return await this.redis.ask(run).catch(() => {
      throw new SessionsUnavailable();
    });
  }

  /** Redis may be shared with others, so what comes from it is looked at first. */
  #receive(text: string): void {
    const message = parse(text);
    if (message === undefined) {
      this.log.warn('a message in Redis is not one of ours');
      return;
    }
    const { log, first, changes } = message;
    changes.forEach((change, i) => {
      this.#tell({ at: formatLogPosition({ log, number: first + i }), change });
    });
  }
}

function newLog(): string {
  return randomUUID().replaceAll('-', '');
}

function parse(text: string): z.output<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What cannot be understood may have been anything. */
function parseChange(text: string): Change {
  try {
    return SharedChange.parse(JSON.parse(text));
  } catch {
    return { kind: 'missed' };
  }
}
