/** What is done to sessions in Redis, each in one atomic step; `session-keys.ts` says what is kept where. */

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
