/** Several callers at once, with the same request ids: nobody gets an answer that is meant for somebody else. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  eras,
  hostileEnv,
  hostileProject,
  KEYS,
  legacy,
  MARK,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import { type RunningHttp, startHttp, stop } from '../support/server.js';

const CALLS = 200;
const users = ['alice', 'bob'] as const;

let server: RunningHttp;
beforeAll(async () => {
  server = await startHttp(await hostileProject(), {
    ...hostileEnv(),
    MAX_CONCURRENT_CALLS: '1000',
  });
});
afterAll(async () => {
  expect(await stop(server)).toBe(0);
  expect(server.stderr()).not.toContain(MARK);
});

const call = (make: typeof modern, user: (typeof users)[number], value: string, ms: number) => {
  const { headers, body } = make('tools/call', { name: 'who_am_i', arguments: { value, ms } });
  return { headers: { ...headers, 'x-api-key': KEYS[user] }, body };
};

/** Starts a call and goes away before it is answered. */
function abandon({ headers, body }: ReturnType<typeof call>): Promise<void> {
  return new Promise((resolve) => {
    const all = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    };
    const sent = request(server.url, { method: 'POST', headers: all });
    sent.on('error', () => {}).once('close', resolve);
    sent.end(JSON.stringify(body));
    setTimeout(() => sent.destroy(), 30);
  });
}

it.each(eras)(`${CALLS} interleaved calls of two users with equal ids, %s`, async (_, make) => {
  const work = Array.from({ length: CALLS }, async (_unused, n) => {
    const user = users[n % 2] ?? 'alice';
    const other = users[(n + 1) % 2] ?? 'bob';
    const value = `${user}-${n}`;
    if (n % 10 === 3) return await abandon(call(make, user, value, 500));
    if (n % 10 === 7) {
      // The other user says that "the" request 1 is cancelled.
      const method = 'notifications/cancelled';
      const cancel = { jsonrpc: '2.0', method, params: { requestId: 1, reason: 'mine' } };
      await send(server.port, { headers: { 'x-api-key': KEYS[other] }, body: cancel });
    }
    const response = await send(server.port, call(make, user, value, (n * 7) % 40));
    const { id, result } = messageOf(response);
    expect({ id, answer: result?.structuredContent }).toEqual({
      id: 1,
      answer: { caller: user, value },
    });
  });
  await Promise.all(work);
});

it('both eras at once, with equal ids', async () => {
  const work = Array.from({ length: 60 }, async (_, n) => {
    const user = users[n % 2] ?? 'alice';
    const make = n % 3 === 0 ? legacy : modern;
    const response = await send(server.port, call(make, user, String(n), (n * 11) % 30));
    const answer = messageOf(response).result?.structuredContent;
    expect(answer).toEqual({ caller: user, value: String(n) });
  });
  await Promise.all(work);
});

it('a user who goes away takes nobody along, and the call ends', async () => {
  await Promise.all(
    Array.from({ length: 20 }, () => abandon(call(legacy, 'alice', 'gone', 20_000))),
  );
  const response = await send(server.port, call(modern, 'bob', 'here', 0));
  expect(messageOf(response).result?.structuredContent).toEqual({ caller: 'bob', value: 'here' });
  await expect
    .poll(() => server.stderr().match(/"outcome":"CANCELLED"/g)?.length ?? 0, { timeout: 5_000 })
    .toBeGreaterThanOrEqual(20);
});
