import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';

/** An answer of a stand-in that is not what it would give by itself. Without a status it is, only later. */
export interface PlannedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly delayMs?: number;
  /** How many of the next answers are like this. */
  readonly times?: number;
}

/** What a stand-in was asked. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/** A stand-in of a remote API: a process of its own. */
export class StandIn {
  constructor(readonly url: string) {}

  /** Has its next answers fail or wait. */
  async next(answer: PlannedAnswer): Promise<void> {
    await this.#control('POST', '/_next', answer);
  }

  /** What it was asked since the test began. */
  async requests(): Promise<ReceivedRequest[]> {
    return (await this.#control('GET', '/_requests')).json() as Promise<ReceivedRequest[]>;
  }

  /** Puts its data back as they were, and forgets what was planned. */
  async reset(): Promise<void> {
    await this.#control('POST', '/_reset');
  }

  async #control(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(this.url + path, { method, body: JSON.stringify(body) ?? null });
    if (!response.ok) throw new Error(`The stand-in answered ${response.status} to ${path}.`);
    return response;
  }
}

/**
 * Starts a stand-in for one file of tests: call it outside of tests. It is reset after each test, and ends with the last one.
 * @param script prints its address as its first line
 */
export async function startStandIn(script: URL): Promise<StandIn> {
  // The channel tells the stand-in when this process has gone, however that happens.
  const child = spawn(process.execPath, [fileURLToPath(script)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stopped = ended.then((): never => {
    throw new Error(`${fileURLToPath(script)} ended before it printed its address.`);
  });
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  const first = new Promise<string>((resolve) => lines.once('line', resolve));
  const standIn = new StandIn(await Promise.race([first, stopped]));
  stopped.catch(() => {});
  afterEach(() => standIn.reset());
  afterAll(async () => {
    child.kill();
    await ended;
  });
  return standIn;
}
