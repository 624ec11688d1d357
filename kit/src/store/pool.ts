import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../definitions/definitions.js';
import { int } from '../definitions/settings.js';

/** The settings of a database that is reached over connections, of which there are only so many. */
export const poolSettings = {
  DATABASE_POOL_SIZE: int(1, 1_000).default(10),
  /** How long one statement may take. */
  DATABASE_TIMEOUT_MS: int(1, 600_000).default(10_000),
};

/** How many connections are in use, how many have nothing to do, and how many callers wait for one. */
export interface ConnectionCounts {
  readonly used: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Metrics of a database that is reached over connections. */
export function countConnections(metrics: Metrics, counts: () => ConnectionCounts): void {
  metrics.gauge('mcp_store_connections', 'Connections to the database.', () => {
    const { used, idle } = counts();
    return [
      [{ state: 'used' }, used],
      [{ state: 'idle' }, idle],
    ];
  });
  metrics.gauge('mcp_store_waiting', 'Callers who wait for a connection.', () => counts().waiting);
}

/** So many at once; the others wait, in their order. */
export class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(private readonly size: number) {
    this.#free = size;
  }

  /** Each that is in use has a connection of its own. */
  get counts(): ConnectionCounts {
    return { used: this.size - this.#free, idle: 0, waiting: this.#waiting.length };
  }

  async within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(go);
    });
  }
}

/** What has not ended by then, when the server does, is left to the database (milliseconds). */
const CLOSE_MS = 1_000;

/** Ends a pool of connections. @param giveUp breaks off those that are still in use after a second */
export async function endPool(end: () => Promise<void>, giveUp: () => void): Promise<void> {
  const timer = setTimeout(giveUp, CLOSE_MS);
  await end();
  clearTimeout(timer);
}

/** How long until the next request to stop a statement (milliseconds). */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/**
 * Asks a database to stop a statement until it has ended. A request is lost on a statement that has not started yet, so it is repeated,
 * one at a time.
 * @param request says whether it has arrived: one that is still on its way would stop the connection's next statement
 * @returns whether all requests have arrived
 * @throws what `request` throws while the statement goes on
 */
export async function stopUntilOver(
  statement: Promise<unknown>,
  request: () => Promise<boolean>,
): Promise<boolean> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  const ended = statement.then(end, end);
  let arrived = true;
  for (let pause = FIRST_PAUSE_MS; !isOver; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
    try {
      arrived = (await request()) && arrived;
    } catch (error) {
      if (!isOver) throw error;
      arrived = false;
    }
    await Promise.race([ended, sleep(pause, undefined, { ref: false })]);
  }
  return arrived;
}
