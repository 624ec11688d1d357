/** Clients that are at work while something breaks. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { eras, type modern } from './hostile-project.js';
import { ask, outcomeOf } from './http-client.js';

export interface Load {
  /** How often each outcome occurred since the last look; an error of the connection is an outcome too. */
  look(): Record<string, number>;
  /** The marks of all calls that went well. */
  stop(): Promise<string[]>;
}

/** 24 clients of both eras that call again and again; each call has a mark of its own. Ends with the test. */
export function startLoad(
  port: number,
  call: (era: typeof modern, mark: string) => ReturnType<typeof modern>,
): Load {
  const agent = new Agent({ keepAlive: true });
  const fine: string[] = [];
  let counts: Record<string, number> = {};
  let over = false;
  const clients = Array.from({ length: 24 }, async (_, client) => {
    const [, era] = eras[client % 2 === 0 ? 0 : 1];
    for (let number = 0; !over; number += 1) {
      const mark = `mark ${client}/${number}`;
      const outcome = await ask(port, call(era, mark), agent).then(outcomeOf, String);
      if (outcome === 'ok') fine.push(mark);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      await sleep(20);
    }
  });
  const stop = async () => {
    over = true;
    await Promise.all(clients);
    agent.destroy();
    return fine;
  };
  onTestFinished(async () => void (await stop()));
  return {
    look() {
      const seen = counts;
      counts = {};
      return seen;
    },
    stop,
  };
}

/** Matches what was looked at when there is nothing but these outcomes. */
export function only(...outcomes: string[]): unknown {
  const isOnly = (seen: object) => Object.keys(seen).every((outcome) => outcomes.includes(outcome));
  return expect.toSatisfy(isOnly, outcomes.join(' or '));
}

/**
 * Waits until a call has ended with `outcome`, and for `ms` at least; gives how often each outcome occurred meanwhile, so that a
 * busy machine takes longer and sees no less.
 */
export async function seenWhile(
  load: Load,
  outcome: string,
  ms: number,
): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  const times = () => {
    for (const [one, count] of Object.entries(load.look())) seen[one] = (seen[one] ?? 0) + count;
    return seen[outcome] ?? 0;
  };
  await sleep(ms);
  await expect.poll(times, { timeout: 15_000 }).toBeGreaterThan(0);
  return seen;
}

/** Waits until all calls go well. */
export async function becomesFine(load: Load): Promise<void> {
  const outcomes = async () => {
    load.look();
    await sleep(500);
    return Object.keys(load.look());
  };
  await expect.poll(outcomes, { timeout: 20_000 }).toEqual(['ok']);
}
