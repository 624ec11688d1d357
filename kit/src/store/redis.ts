import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { type RedisAddress, RedisConnection } from '../connections/redis.js';
import { ToolError } from '../definitions/definitions.js';
import { ConfigError, int, type SettingsOf } from '../definitions/settings.js';
import type { PartEnv } from '../parts.js';
import {
  type Condition,
  type KeyValueEngine,
  keyValuePart,
  type RangeOptions,
  type Ranked,
  type Refusal,
  type StoredValue,
  type StoredWrite,
} from './key-value.js';
import { unavailable } from './store.js';

/** An address of Redis or Valkey: `rediss://user:password@host:6379/0`, with `rediss` over TLS. */
const redisUrl = z.url({ protocol: /^rediss?$/ }).transform((url, context) => {
  try {
    return addressOf(url);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

const settings = {
  DATABASE_URL: redisUrl,
  /** Certificates (PEM) of the authorities that a server over TLS may come from; usually in a file, by `DATABASE_CA_FILE`. */
  DATABASE_CA: z.string().optional(),
  /** What the keys begin with; by default the name of the server. */
  DATABASE_PREFIX: z.string().optional(),
  /** How long one request may take. */
  DATABASE_TIMEOUT_MS: int(1, 600_000).default(2_000),
};

/** The Redis or Valkey of `DATABASE_URL`. Keys begin with the name of the server, so that several can share it. */
export function redisStore() {
  return keyValuePart(settings, openEngine);
}

/** A request that finds no connection waits so long for a new one (milliseconds). */
const PATIENCE_MS = 1_000;

/** A version is so many characters at the beginning of what is kept. */
const VERSION_BYTES = 12;
const VERSION_LENGTH = 16;

function openEngine(
  { DATABASE_URL, DATABASE_CA, DATABASE_PREFIX, DATABASE_TIMEOUT_MS }: SettingsOf<typeof settings>,
  { about, log }: PartEnv,
): KeyValueEngine {
  if (DATABASE_CA !== undefined && DATABASE_URL.tls === undefined) {
    throw new ConfigError([
      'DATABASE_CA: is for TLS, and DATABASE_URL does not begin with rediss:',
    ]);
  }
  const tls = DATABASE_CA === undefined ? {} : { tls: { ...DATABASE_URL.tls, ca: DATABASE_CA } };
  const connection = new RedisConnection({ ...DATABASE_URL, ...tls }, log, {
    answerMs: DATABASE_TIMEOUT_MS,
    patienceMs: Math.min(PATIENCE_MS, DATABASE_TIMEOUT_MS),
    onReady: (redis) => void warnOfLoss(redis, log),
  });
  return new RedisEngine(connection, `${DATABASE_PREFIX ?? about.name}:`);
}

/** The server has replied with an error. */
class RefusedError extends Error {}
/** The server never got it. */
class UnsentError extends Error {}
/** The server may have got it. */
class UnansweredError extends Error {}

class RedisEngine implements KeyValueEngine {
  readonly system = 'redis';

  constructor(
    private readonly connection: RedisConnection,
    private readonly prefix: string,
  ) {}

  newVersion(): string {
    return randomBytes(VERSION_BYTES).toString('base64url');
  }

  async read(keys: readonly string[]): Promise<(StoredValue | undefined)[]> {
    const texts = await this.#ask((redis) => redis.mget(keys.map((key) => this.#valueKey(key))));
    return texts.map((text) =>
      text === null
        ? undefined
        : { version: text.slice(0, VERSION_LENGTH), text: text.slice(VERSION_LENGTH) },
    );
  }

  async count(counter: string): Promise<number> {
    return Number(await this.#ask((redis) => redis.get(this.#counterKey(counter))));
  }

  async write(changes: readonly StoredWrite[]): Promise<readonly number[] | Refusal> {
    const keys = changes.map((change) => this.#keyOf(change));
    const args = changes.flatMap(argumentsOf);
    const outcome = await this.#ask((redis) => redis.eval(WRITE, keys.length, ...keys, ...args));
    // Counters come as text: the client rounds large whole numbers.
    return Array.isArray(outcome) ? outcome.map(Number) : (String(outcome) as Refusal);
  }

  async range(
    index: string,
    {
      limit,
      after,
      descending = false,
      min = -Infinity,
      max = Infinity,
    }: Omit<RangeOptions, 'signal'> & { readonly limit: number },
  ): Promise<Ranked[]> {
    const bounds = [descending ? 'down' : 'up', scoreText(min), scoreText(max), limit];
    const cursor = after === undefined ? [] : [scoreText(after.score), after.member];
    const flat = await this.#ask((redis) =>
      redis.eval(RANGE, 1, this.#indexKey(index), ...bounds, ...cursor),
    );
    return pairsOf(flat as string[]);
  }

  async scan(prefix: string, position: string | undefined, batch: number) {
    const start = this.#valueKey(prefix);
    const [next, found] = await this.#ask((redis) =>
      redis.scan(position ?? '0', 'MATCH', `${literally(start)}*`, 'COUNT', batch),
    );
    const skipped = this.#valueKey('').length;
    return { keys: found.map((key) => key.slice(skipped)), next: next === '0' ? undefined : next };
  }

  async ping(): Promise<void> {
    await this.#ask((redis) => redis.ping());
  }

  /** @see https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
  asStoreError(error: unknown): ToolError | undefined {
    if (error instanceof UnsentError || error instanceof UnansweredError) {
      return unavailable(error.cause);
    }
    if (!(error instanceof RefusedError)) return undefined;
    const { message } = error.cause as Error;
    if (BUSY.test(message)) {
      return new ToolError('STORE_BUSY', 'The database is busy. Try again later.', {
        retryable: true,
        cause: error.cause,
      });
    }
    return CANNOT.test(message) ? unavailable(error.cause) : undefined;
  }

  isUnanswered(error: unknown): boolean {
    return error instanceof UnansweredError;
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  /** Tells apart what the server has refused, what it never got and what it did not answer. */
  async #ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    let isSent = false;
    let refused: unknown;
    const answer = await this.connection
      .ask(async (redis) => {
        isSent = redis.status === 'ready';
        try {
          return await question(redis);
        } catch (error) {
          // An error that the server replies with is an answer.
          if ((error as Error).name !== 'ReplyError') throw error;
          refused = error;
          return undefined;
        }
      })
      .catch((cause: unknown) => {
        const message = (cause as Error).message;
        throw isSent
          ? new UnansweredError(message, { cause })
          : new UnsentError(message, { cause });
      });
    if (refused !== undefined) {
      throw new RefusedError((refused as Error).message, { cause: refused });
    }
    return answer as T;
  }

  #valueKey = (key: string) => `${this.prefix}value:${key}`;
  #counterKey = (key: string) => `${this.prefix}count:${key}`;
  #indexKey = (key: string) => `${this.prefix}index:${key}`;

  #keyOf({ kind, key }: StoredWrite): string {
    if (kind === 'add' || kind === 'remove') return this.#indexKey(key);
    return kind === 'increment' ? this.#counterKey(key) : this.#valueKey(key);
  }
}

/** Four for each change: its kind, two of its own, its condition. */
function argumentsOf(change: StoredWrite): [string, string | number, string | number, string] {
  switch (change.kind) {
    case 'set': {
      const { stored, ttlMs = '', only } = change;
      return ['set', stored.version + stored.text, ttlMs, conditionText(only)];
    }
    case 'increment':
      return ['increment', change.by, change.ttlMs ?? '', ''];
    case 'add':
      return ['add', change.member, scoreText(change.score), ''];
    case 'remove':
      return ['remove', change.member, '', ''];
    default:
      return [change.kind, '', '', conditionText(change.only)];
  }
}

/** A version has sixteen characters, so it is never taken for one of the words. */
function conditionText(only: Condition | undefined): string {
  if (only === undefined || only === 'absent' || only === 'present') return only ?? '';
  return only.version.padEnd(VERSION_LENGTH);
}

const scoreText = (score: number) => String(score).replace('Infinity', 'inf');

function pairsOf(flat: readonly string[]): Ranked[] {
  const pairs: Ranked[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    pairs.push({ member: String(flat[at]), score: Number(flat[at + 1]) });
  }
  return pairs;
}

/** A text for MATCH in which no character stands for others. */
const literally = (text: string) => text.replace(/[*?[\]\\]/g, '\\$&');

/** KEYS: one for each change. ARGV: see `argumentsOf`. Nothing is written before everything is known to be right. */
const WRITE = `
local LARGEST = 9007199254740991
for i, key in ipairs(KEYS) do
  local kind, only = ARGV[4 * i - 3], ARGV[4 * i]
  if only ~= '' then
    local found = redis.call('GETRANGE', key, 0, ${VERSION_LENGTH - 1})
    local holds = found == only
    if only == 'absent' then holds = found == '' end
    if only == 'present' then holds = found ~= '' end
    if not holds then return 'conflict' end
  end
  if kind == 'increment' then
    local count = (tonumber(redis.call('GET', key)) or 0) + tonumber(ARGV[4 * i - 2])
    if math.abs(count) > LARGEST then return 'overflow' end
  end
end
local done = {}
for i, key in ipairs(KEYS) do
  local kind, a, b = ARGV[4 * i - 3], ARGV[4 * i - 2], ARGV[4 * i - 1]
  if kind == 'set' then
    if b == '' then redis.call('SET', key, a) else redis.call('SET', key, a, 'PX', b) end
    done[i] = 1
  elseif kind == 'delete' then
    done[i] = redis.call('UNLINK', key)
  elseif kind == 'increment' then
    done[i] = string.format('%.0f', redis.call('INCRBY', key, a))
    if b ~= '' and redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, b) end
  elseif kind == 'add' then
    done[i] = redis.call('ZADD', key, b, a)
  elseif kind == 'remove' then
    done[i] = redis.call('ZREM', key, a)
  else
    done[i] = 0
  end
end
return done
`;

/**
 * KEYS: the index. ARGV: direction, lowest and highest score, limit, and perhaps the score and the member to go on after. That member may
 * have gone or have another score, so its place is looked for: in half the members with its score, then in half of these, and so on.
 */
const RANGE = `
local key, down, limit = KEYS[1], ARGV[1] == 'down', tonumber(ARGV[4])
local function below(bound) return redis.call('ZCOUNT', key, '-inf', bound) end
local function isBefore(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local first, last = below('(' .. ARGV[2]), below(ARGV[3]) - 1
if ARGV[5] then
  local score, member = ARGV[5], ARGV[6]
  local known = redis.call('ZSCORE', key, member)
  local low, found = 0, 0
  if known and tonumber(known) == tonumber(score) then
    low, found = redis.call('ZRANK', key, member), 1
  else
    local high = below(score)
    low = below('(' .. score)
    while low < high do
      local middle = math.floor((low + high) / 2)
      if isBefore(redis.call('ZRANGE', key, middle, middle)[1], member) then
        low = middle + 1
      else
        high = middle
      end
    end
  end
  if down then last = math.min(last, low - 1) else first = math.max(first, low + found) end
end
if down then first = math.max(first, last - limit + 1) else last = math.min(last, first + limit - 1) end
if first > last then return {} end
local flat = redis.call('ZRANGE', key, first, last, 'WITHSCORES')
if not down then return flat end
local turned = {}
for i = #flat - 1, 1, -2 do
  turned[#turned + 1] = flat[i]
  turned[#turned + 1] = flat[i + 1]
end
return turned
`;

/** A server that starts, is full, only reads, cannot save, has lost its primary, or does not let us in. */
const CANNOT =
  /^(LOADING|OOM|READONLY|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|ERR max number of clients)/;
const BUSY = /^(BUSY|TRYAGAIN)/;

/**
 * What a URL says.
 * @throws {Error} that names what is wrong, without the password
 */
function addressOf(url: string): RedisAddress {
  const { protocol, hostname, port, username, password, pathname, search } = new URL(url);
  const db = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  if (db === undefined) throw new Error('names a database that is no number: redis://host:6379/0');
  if (search !== '') throw new Error('has parameters; there are none for Redis');
  return {
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port || 6379),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    db: Number(db),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** A Redis is often set up as a cache, which forgets. A store must not: says so of each server that is connected. */
async function warnOfLoss(redis: Redis, log: Logger): Promise<void> {
  try {
    const info = await redis.info();
    const found = (field: string) => new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(info)?.[1];
    const policy = found('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction') {
      log.warn(
        { policy },
        'DATA WILL BE LOST: Redis deletes keys when its memory is full. Set maxmemory-policy to noeviction.',
      );
    }
    if (found('cluster_enabled') === '1') {
      log.warn('Redis Cluster is not supported: changes of several keys will fail');
    }
    if (found('aof_enabled') === '0' && (await savesNothing(redis))) {
      log.warn(
        'DATA WILL BE LOST: Redis keeps nothing on disk, so a restart forgets everything. Set appendonly to yes.',
      );
    }
  } catch (error) {
    log.info({ err: error }, 'Redis does not say whether it may forget data');
  }
}

/** Whether snapshots are off. Where a provider hides its configuration, nobody knows, and it is not told off. */
async function savesNothing(redis: Redis): Promise<boolean> {
  const answer = await redis.config('GET', 'save').catch(() => []);
  return (answer as string[])[1] === '';
}
