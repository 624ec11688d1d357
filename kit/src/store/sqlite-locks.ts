import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from './sqlite-error.js';

/** How long to wait for the locks of other processes, in milliseconds. */
const WAIT_MS = 5_000;

/**
 * Does `work` again while another process has locked the database. SQLite can wait by itself, but it holds the lock of the
 * connection meanwhile.
 */
export async function whenUnlocked<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error;
    }
    // At random, so that those who wait do not come back all at once.
    await sleep(5 + 45 * Math.random(), undefined, signal && { signal });
  }
}
