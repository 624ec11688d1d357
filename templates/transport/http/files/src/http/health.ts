import type { App } from '../app.js';
import { type Answer, json } from './exchange.js';

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_EVERY_MS = 1_000;

/**
 * Answers 200 while everything that the server depends on can be reached, else 503 with the names of what cannot. It looks at most
 * once in a second, however many ask.
 */
export function createReadiness({ checks }: App): (draining: boolean) => Promise<Answer> {
  let latest: ReturnType<typeof check> | undefined;
  let until = 0;

  async function check() {
    const results = Object.entries(checks).map(
      async ([name, ping]) => [name, await outcome(ping())] as const,
    );
    return await Promise.all(results);
  }

  return async (draining) => {
    if (draining) return json(503, { status: 'draining' });
    if (latest === undefined || performance.now() >= until) {
      latest = check();
      until = performance.now() + CHECK_EVERY_MS;
    }
    const results = await latest;
    const ready = results.every(([, result]) => result === 'ok');
    const body = { status: ready ? 'ready' : 'unavailable', checks: Object.fromEntries(results) };
    return json(ready ? 200 : 503, body);
  };
}

async function outcome(check: Promise<void>): Promise<'ok' | 'unreachable' | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), CHECK_TIMEOUT_MS);
  });
  const result = check.then(
    () => 'ok' as const,
    () => 'unreachable' as const,
  );
  return await Promise.race([result, timeout]).finally(() => clearTimeout(timer));
}
