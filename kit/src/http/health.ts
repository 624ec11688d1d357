import { type Answer, json } from './exchange.js';
import type { HttpMetrics } from './metrics.js';

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_EVERY_MS = 1_000;

type Outcome = 'ok' | 'unreachable' | 'timeout';
type Results = readonly (readonly [name: string, outcome: Outcome])[];

/**
 * Answers 200 while everything that the server depends on can be reached, else 503 with the names of what cannot. It looks at most
 * once in a second, however many ask.
 */
export function createReadiness(
  checks: Readonly<Record<string, () => Promise<void>>>,
  metrics: HttpMetrics,
): (draining: boolean) => Promise<Answer> {
  let latest: Promise<Results> | undefined;
  let until = 0;
  let known: Results = [];

  async function check(): Promise<Results> {
    const results = Object.entries(checks).map(
      async ([name, ping]) => [name, await outcome(attempt(ping))] as const,
    );
    known = await Promise.all(results);
    return known;
  }

  function look() {
    if (latest === undefined || performance.now() >= until) {
      latest = check();
      until = performance.now() + CHECK_EVERY_MS;
    }
    return latest;
  }

  metrics.countDependencies(() => {
    // The next one to ask gets to know what this look finds.
    void look();
    return known.map(([name, result]) => [name, result === 'ok']);
  });

  return async (draining) => {
    if (draining) return json(503, { status: 'draining' });
    const results = await look();
    const ready = results.every(([, result]) => result === 'ok');
    const body = { status: ready ? 'ready' : 'unavailable', checks: Object.fromEntries(results) };
    return json(ready ? 200 : 503, body);
  };
}

/** A check of the owner may throw at once. */
async function attempt(check: () => Promise<void>): Promise<void> {
  await check();
}

async function outcome(check: Promise<void>): Promise<Outcome> {
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
