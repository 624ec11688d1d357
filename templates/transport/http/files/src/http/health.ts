import type { App } from '../app.js';
import { json } from './json.js';

const CHECK_TIMEOUT_MS = 2_000;

/** 200 while everything that the server depends on can be reached, else 503 with the names of what cannot. */
export async function readiness({ checks }: App, draining: boolean): Promise<Response> {
  if (draining) return json(503, { status: 'draining' });
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check())] as const),
  );
  const ready = results.every(([, result]) => result === 'ok');
  const body = { status: ready ? 'ready' : 'unavailable', checks: Object.fromEntries(results) };
  return json(ready ? 200 : 503, body);
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
