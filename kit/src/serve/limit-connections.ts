import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Logger } from 'pino';

/** How many file descriptors connections leave for everything else: an eighth of all, and so many at least. */
const MIN_RESERVE = 24;

/** How often the log mentions closed connections (milliseconds). */
const MENTION_EVERY = 10_000;

/**
 * Closes new connections while those that are open could take the last file descriptors. Without one no module can be loaded, no file
 * opened and no database reached, and Node.js 20 remembers for ever that a module could not be loaded.
 */
export function limitConnections(server: Server, log: Logger): void {
  const max = maxConnections();
  if (max === undefined) return;
  server.maxConnections = max;
  let mentionAt = 0;
  server.on('drop', () => {
    if (performance.now() < mentionAt) return;
    mentionAt = performance.now() + MENTION_EVERY;
    log.warn({ max }, 'connection closed: too many for the file descriptors of this process');
  });
}

/** `undefined` where the system does not say: everywhere but on Linux. */
function maxConnections(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    if (soft === undefined) return undefined;
    const all = Number(soft);
    const open = readdirSync('/proc/self/fd').length;
    return Math.max(1, all - open - Math.max(MIN_RESERVE, Math.floor(all / 8)));
  } catch {
    return undefined;
  }
}
