import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { EventStore, StoredEvent } from '../session-state.js';
import { isMessage } from './redis-session-store.js';
import type { SessionKeys } from './session-scripts.js';

export interface Bounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Of one session. All together are bounded by their number. */
const BOUNDS: Bounds = { maxEvents: 500, maxBytes: 2_000_000, maxAgeMs: 300_000 };

/**
 * What exceeds a bound goes, the oldest first. Whoever follows the stream elsewhere is told.
 * ARGV: session, stream, message, how many events, how many bytes, for how many ms.
 */
const APPEND = `
local key, events, stream, message = prefix .. 's:' .. ARGV[4], prefix .. 'e:' .. ARGV[4], ARGV[5], ARGV[6]
local maxEvents, maxBytes, maxAge = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
if redis.call('EXISTS', key) == 0 or #message > maxBytes then return false end
if redis.call('EXISTS', events) == 0 then redis.call('HSET', key, 'bytes', 0) end
local time, number = now(), redis.call('HINCRBY', key, 'events', 1)
redis.call('XADD', events, number .. '-0', 's', stream, 't', time, 'm', message)
local bytes = redis.call('HINCRBY', key, 'bytes', #message)
while true do
  local oldest = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
  local kept = oldest[2]
  local isOld = tonumber(kept[4]) + maxAge <= time
  if redis.call('XLEN', events) <= maxEvents and bytes <= maxBytes and not isOld then break end
  redis.call('XDEL', events, oldest[1])
  bytes = redis.call('HINCRBY', key, 'bytes', -#kept[6])
end
redis.call('PEXPIRE', events, maxAge)
tell(redis.call('HGET', key, 'r:' .. stream), { session = ARGV[4], kind = 'written', stream = stream })
return tostring(number)
`;

/** ARGV: session, number of an event. */
const STREAM_OF = `
local id = ARGV[5] .. '-0'
local found = redis.call('XRANGE', prefix .. 'e:' .. ARGV[4], id, id)[1]
return found and found[2][2] or false
`;

/** ARGV: session, stream, number of an event. */
const AFTER = `
local after = {}
for _, event in ipairs(redis.call('XRANGE', prefix .. 'e:' .. ARGV[4], '(' .. ARGV[6] .. '-0', '+')) do
  if event[2][2] == ARGV[5] then after[#after + 1] = { string.match(event[1], '^%d+'), event[2][6] } end
end
return after
`;

/** ARGV: session. */
const FORGET = `
redis.call('DEL', prefix .. 'e:' .. ARGV[4])
`;

const Kept = z.array(z.tuple([z.string(), z.string()]));

/** Events that every replica finds. Redis may be shared with others, so what comes from it is looked at first. */
export class RedisEventStore implements EventStore {
  constructor(
    private readonly keys: SessionKeys,
    private readonly log: Logger,
    private readonly bounds = BOUNDS,
  ) {}

  /** While Redis does not answer nothing is kept, and the client is sent it all the same. */
  async append(session: string, stream: string, message: JSONRPCMessage): Promise<string> {
    const { maxEvents, maxBytes, maxAgeMs } = this.bounds;
    const kept = [session, stream, JSON.stringify(message), maxEvents, maxBytes, maxAgeMs];
    const id = await this.keys.run(APPEND, ...kept).catch(() => null);
    return typeof id === 'string' ? id : '';
  }

  async streamOf(session: string, event: string): Promise<string | undefined> {
    if (!isNumber(event)) return undefined;
    const stream = await this.keys.run(STREAM_OF, session, event);
    return typeof stream === 'string' ? stream : undefined;
  }

  async after(session: string, stream: string, event: string): Promise<readonly StoredEvent[]> {
    if (!isNumber(event)) return [];
    const kept = Kept.parse(await this.keys.run(AFTER, session, stream, event));
    return kept.flatMap(([id, text]) => {
      const message = parse(text);
      if (message === undefined) this.log.warn('an event in Redis is not one of ours');
      return message === undefined ? [] : [{ id, message }];
    });
  }

  async forget(session: string): Promise<void> {
    await this.keys.run(FORGET, session);
  }
}

function isNumber(event: string): boolean {
  return /^\d{1,15}$/.test(event);
}

function parse(text: string): JSONRPCMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
