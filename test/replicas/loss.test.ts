/** A replica or the Redis that all share goes away while clients work. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Fleet, KEYS, startFleet } from '../support/fleet.js';
import { outcomeOf, tally } from '../support/limits-project.js';
import { eras, rpc } from '../support/rpc.js';
import type { RunningHttp } from '../support/server.js';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet(3, { RATE_LIMIT_ON_ERROR: 'open', SHUTDOWN_DELAY_MS: '2500' });
});
afterEach(() => fleet?.stop());

const first = () => fleet.replicas[0] as RunningHttp;
const second = () => fleet.replicas[1] as RunningHttp;

async function write(url: string, title: string, n = 0): Promise<string> {
  const era = eras[n % 2] ?? '2026-07-28';
  const call = { name: 'create_note', arguments: { title, body: '' } };
  try {
    return outcomeOf(await rpc({ url, key: KEYS.alice, era }, 'tools/call', call));
  } catch (error) {
    return error instanceof Error ? error.name : 'error';
  }
}

/** Writes notes without a pause, `workers` at a time, for `ms`; in the middle `interrupt` happens. */
async function writeWhile(ms: number, workers: number, interrupt: () => void) {
  const outcomes = new Map<string, string>();
  const end = performance.now() + ms;
  const timer = setTimeout(interrupt, ms / 3);
  const work = async (worker: number) => {
    for (let n = 0; performance.now() < end; n += 1) {
      const title = `loss-${worker}-${n}.`;
      outcomes.set(title, await write(fleet.balancer.url, title, n));
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  clearTimeout(timer);
  return outcomes;
}

async function titlesInDatabase(): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: fleet.database.url });
  await client.connect();
  const { rows } = await client.query<{ title: string }>('SELECT title FROM notes');
  await client.end();
  return new Set(rows.map(({ title }) => title));
}

test('one that is asked to go loses no call', async () => {
  const outcomes = await writeWhile(6_000, 8, () => first().child.kill('SIGTERM'));
  expect(await first().ended).toBe(0);
  expect(tally([...outcomes.values()])).toEqual({ ok: outcomes.size });
  const written = await titlesInDatabase();
  for (const title of outcomes.keys()) expect(written).toContain(title);
  expect(outcomes.size).toBeGreaterThan(8);
});

test('one that is killed loses no call that it has answered, and the others go on', async () => {
  const outcomes = await writeWhile(3_000, 8, () => first().child.kill('SIGKILL'));
  const answered = [...outcomes].filter(([, outcome]) => outcome === 'ok');
  const written = await titlesInDatabase();
  for (const [title] of answered) expect(written).toContain(title);
  // At the most what was under way there at that moment.
  expect(outcomes.size - answered.length).toBeLessThanOrEqual(8);
  expect(answered.length).toBeGreaterThan(8);
  expect(await write(fleet.balancer.url, 'after')).toBe('ok');
});

/** A client of one replica that hears of new notes; `heard()` is how often. */
async function listenTo({ url }: RunningHttp) {
  const requestInit = { headers: { authorization: `Bearer ${KEYS.alice}` } };
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  onTestFinished(() => client.close());
  let heard = 0;
  client.setNotificationHandler('notifications/resources/updated', () => {
    heard += 1;
  });
  const { closed } = await client.listen({ resourceSubscriptions: ['notes://recent'] });
  return { heard: () => heard, closed };
}

const until = { timeout: 15_000, interval: 100 };

describe('Redis', () => {
  test.each([
    ['is frozen and thaws', () => fleet.redis.freeze(), async () => fleet.redis.thaw()],
    ['is killed and starts again', () => fleet.redis.kill(), () => fleet.redis.start()],
  ])('%s: calls and local listeners go on, and the others catch up', async (_, away, back) => {
    const here = await listenTo(first());
    const there = await listenTo(second());
    await away();
    expect(await write(first().url, 'while Redis is away')).toBe('ok');
    await expect.poll(here.heard, until).toBe(1);
    for (let n = 0; n < 5; n += 1) expect(await write(second().url, `more-${n}`, n)).toBe('ok');
    await expect.poll(there.heard, until).toBe(5);
    expect(first().stderr()).toContain('no answer from Redis');

    await back();
    await expect.poll(there.heard, until).toBeGreaterThan(5);
    await expect
      .poll(async () => {
        const before = there.heard();
        await write(first().url, 'Redis is back');
        await new Promise((resolve) => setTimeout(resolve, 200));
        return there.heard() - before;
      }, until)
      .toBe(1);
  });
});

test('a replica that goes ends its streams in order, also that of a client that does not read', async () => {
  const { closed } = await listenTo(first());
  const gone = new AbortController();
  onTestFinished(() => gone.abort());
  const deaf = await fetch(first().url, { ...listenRequest(), signal: gone.signal });
  expect(deaf.status).toBe(200);
  first().child.kill('SIGTERM');
  expect(await closed).toBe('graceful');
  expect(await first().ended).toBe(0);
});

function listenRequest(): RequestInit {
  const version = '2026-07-28';
  return {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${KEYS.alice}`,
      'mcp-protocol-version': version,
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: {
        notifications: { resourceSubscriptions: ['notes://recent'] },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': version,
          'io.modelcontextprotocol/clientInfo': { name: 'deaf', version: '1.0.0' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  };
}
