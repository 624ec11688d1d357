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

/** ARGV: session, owner, the owner's set, introduction, after how many ms it is over, how many there may be in all, and of the owner. */
export const BEGIN = `
local session, idle = ARGV[4], tonumber(ARGV[8])
local all, own = prefix .. 'all', prefix .. 'o:' .. ARGV[6]
for _, set in ipairs({ all, own }) do
  redis.call('ZREMRANGEBYSCORE', set, '-inf', now() - idle)
end
local function busy(one)
  for replica in pairs(replicas(read(one))) do
    if alive(replica) then return true end
  end
  return false
end
if redis.call('ZCARD', own) >= tonumber(ARGV[10]) then
  local longest
  for _, one in ipairs(redis.call('ZRANGE', own, 0, -1)) do
    if not busy(one) then longest = one break end
  end
  if not longest then return 'busy' end
  finish(longest)
  redis.call('ZREM', own, longest)
end
if redis.call('ZCARD', all) >= tonumber(ARGV[9]) then return 'full' end
redis.call('HSET', prefix .. 's:' .. session, 'owner', ARGV[5], 'own', own, 'initialize', ARGV[7])
use(session, own, idle)
return 'begun'
`;

/** ARGV: session, owner, after how many ms it is over. */
export const FIND = `
local found = read(ARGV[4])
if found.owner ~= ARGV[5] then return false end
use(ARGV[4], found.own, ARGV[6])
return { found.initialize, found.level or false, uris(found) }
`;

/** ARGV: session, request. */
export const SET_LEVEL = `
local key = prefix .. 's:' .. ARGV[4]
if redis.call('EXISTS', key) == 1 then redis.call('HSET', key, 'level', ARGV[5]) end
`;

/** ARGV: session, address, how many there may be. */
export const SUBSCRIBE = `
local found = read(ARGV[4])
if not found.owner then return 0 end
if not found['u:' .. ARGV[5]] then
  if #uris(found) >= tonumber(ARGV[6]) then return 0 end
  redis.call('HSET', prefix .. 's:' .. ARGV[4], 'u:' .. ARGV[5], '1')
end
tell(found['r:changes'], { session = ARGV[4], kind = 'subscribed', uri = ARGV[5] })
return 1
`;

/** ARGV: session, address. */
export const UNSUBSCRIBE = `
local key = prefix .. 's:' .. ARGV[4]
redis.call('HDEL', key, 'u:' .. ARGV[5])
tell(redis.call('HGET', key, 'r:changes'), { session = ARGV[4], kind = 'unsubscribed', uri = ARGV[5] })
`;

/** ARGV: after how many ms they are over, sessions. Gives back those that are. */
export const TOUCH = `
local over = {}
for i = 5, #ARGV do
  local own = redis.call('HGET', prefix .. 's:' .. ARGV[i], 'own')
  if own then use(ARGV[i], own, ARGV[4]) else over[#over + 1] = ARGV[i] end
end
return over
`;

/** ARGV: session. */
export const END = `
finish(ARGV[4])
`;

/** ARGV: session, stream, ids. A call at a replica that is gone is not under way. */
export const BEGIN_CALLS = `
local key, seen = prefix .. 's:' .. ARGV[4], {}
if redis.call('EXISTS', key) == 0 then return 'over' end
for i = 6, #ARGV do
  local held = redis.call('HGET', key, 'c:' .. ARGV[i])
  if seen[ARGV[i]] or (held and alive(string.match(held, '^%S+'))) then return 'taken' end
  seen[ARGV[i]] = true
end
for i = 6, #ARGV do redis.call('HSET', key, 'c:' .. ARGV[i], me .. ' ' .. ARGV[5]) end
return 'begun'
`;

/** ARGV: session, stream, ids. Whoever follows the stream elsewhere is told. */
export const END_CALLS = `
local key, stream = prefix .. 's:' .. ARGV[4], ARGV[5]
for i = 6, #ARGV do
  if redis.call('HGET', key, 'c:' .. ARGV[i]) == me .. ' ' .. stream then
    redis.call('HDEL', key, 'c:' .. ARGV[i])
    tell(redis.call('HGET', key, 'r:' .. stream), { session = ARGV[4], kind = 'written', stream = stream })
  end
end
`;

/** ARGV: session, stream. */
export const STATE_OF = `
local state = 'over'
for field, value in pairs(read(ARGV[4])) do
  local replica, stream = string.match(value, '^(%S+) (%S+)$')
  if string.sub(field, 1, 2) == 'c:' and stream == ARGV[5] then
    if alive(replica) then return 'open' end
    state = 'silent'
  end
end
return state
`;

/** ARGV: session, stream. */
export const END_LOST = `
local lost = {}
for field, value in pairs(read(ARGV[4])) do
  local replica, stream = string.match(value, '^(%S+) (%S+)$')
  if string.sub(field, 1, 2) == 'c:' and stream == ARGV[5] and not alive(replica) then
    redis.call('HDEL', prefix .. 's:' .. ARGV[4], field)
    lost[#lost + 1] = string.sub(field, 3)
  end
end
return lost
`;

/** ARGV: session, stream. Whoever sends it to the client now is told to stop. */
export const HOLD = `
local found = read(ARGV[4])
if not found.owner then return {} end
local taken = { session = ARGV[4], kind = 'taken', stream = ARGV[5] }
tell(found['r:' .. ARGV[5]], taken)
for field, value in pairs(found) do
  local replica, stream = string.match(value, '^(%S+) (%S+)$')
  if string.sub(field, 1, 2) == 'c:' and stream == ARGV[5] then tell(replica, taken) end
end
redis.call('HSET', prefix .. 's:' .. ARGV[4], 'r:' .. ARGV[5], me)
return uris(found)
`;

/** ARGV: session, stream. */
export const LET_GO = `
local key, field = prefix .. 's:' .. ARGV[4], 'r:' .. ARGV[5]
if redis.call('HGET', key, field) == me then redis.call('HDEL', key, field) end
`;

/** ARGV: session, id of a call, message for it. */
export const PASS = `
local held = redis.call('HGET', prefix .. 's:' .. ARGV[4], 'c:' .. ARGV[5])
if held then redis.call('PUBLISH', channels .. string.match(held, '^%S+'), ARGV[6]) end
`;
