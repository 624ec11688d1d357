import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { SharedRedis } from '../../state/shared-redis.js';
import { SessionsUnavailable } from '../session-state.js';

/**
 * What all scripts know.
 * `<prefix>s:<session>`: a hash with `owner`, `own` (the owner's set), `initialize`, `level`, `events` (their number so far), `bytes`
 * (of those that are kept), `u:<uri>` for each subscription, `c:<request id>` = `<replica> <stream>` for each call under way,
 * `r:<stream>` = `<replica>` for each stream that the client reads.
 * `<prefix>e:<session>`: a stream with the events. `<prefix>all`, `<prefix>o:<owner>`: sorted sets of sessions by last use.
 */
const COMMON = `
local prefix, channels, me = ARGV[1], ARGV[2], ARGV[3]
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function alive(replica)
  return replica == me or redis.call('PUBSUB', 'NUMSUB', channels .. replica)[2] > 0
end
local function tell(replica, note)
  if replica and replica ~= me then redis.call('PUBLISH', channels .. replica, cjson.encode(note)) end
end
local function read(session)
  local flat, found = redis.call('HGETALL', prefix .. 's:' .. session), {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end
local function uris(found)
  local all = {}
  for field in pairs(found) do
    if string.sub(field, 1, 2) == 'u:' then all[#all + 1] = string.sub(field, 3) end
  end
  return all
end
local function replicas(found)
  local all = {}
  for field, value in pairs(found) do
    local kind = string.sub(field, 1, 2)
    if kind == 'c:' or kind == 'r:' then all[string.match(value, '^%S+')] = true end
  end
  return all
end
local function use(session, own, idle)
  local time = now()
  redis.call('PEXPIRE', prefix .. 's:' .. session, idle)
  for _, set in ipairs({ prefix .. 'all', own }) do
    redis.call('ZADD', set, time, session)
    redis.call('PEXPIRE', set, idle)
  end
end
local function finish(session)
  local found = read(session)
  for replica in pairs(replicas(found)) do tell(replica, { session = session, kind = 'ended' }) end
  redis.call('DEL', prefix .. 's:' .. session, prefix .. 'e:' .. session)
  redis.call('ZREM', prefix .. 'all', session)
  if found.own then redis.call('ZREM', found.own, session) end
end
`;

type Argument = string | number;

/** This replica, as the others know it, and how it asks Redis about sessions. */
export class SessionKeys {
  readonly replica = randomUUID();

  constructor(
    private readonly redis: SharedRedis,
    private readonly service: string,
  ) {}

  /**
   * Runs a script, whose own arguments begin with ARGV[4].
   * @throws {SessionsUnavailable} when Redis does not answer in time
   */
  async run(script: string, ...args: Argument[]): Promise<unknown> {
    const run = (redis: Redis) => {
      // The keys of all sessions are in one slot of a cluster.
      const prefix = `${this.service}:{sessions}:`;
      const common = [prefix, this.#channelsIn(redis), this.replica];
      return redis.eval(`${COMMON}${script}`, 0, ...common, ...args);
    };
    return await this.redis.ask(run).catch(unavailable);
  }

  /** Tells another replica. */
  async tell(replica: string, message: string): Promise<void> {
    const send = (redis: Redis) => redis.publish(`${this.#channelsIn(redis)}${replica}`, message);
    await this.redis.ask(send).catch(unavailable);
  }

  /** Calls `receive` with what others have to say to this replica. */
  listen(receive: (message: string) => void): void {
    const channelIn = (redis: Redis) => `${this.#channelsIn(redis)}${this.replica}`;
    this.redis.subscribe(channelIn, receive).catch(() => {});
  }

  #channelsIn({ options }: Redis): string {
    return `${this.service}:${options.db ?? 0}:sessions:`;
  }
}

function unavailable(): never {
  throw new SessionsUnavailable();
}
