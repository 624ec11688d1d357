import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { orHurry } from '../host/node/lifecycle.js';

/** How long a request may be on its way to a server that is going away (milliseconds). */
const ON_THE_WAY = 250;

/**
 * Stops listening after `delayMs`, and without losing a request that is on its way: `close` alone ends every connection that looks
 * idle, also when a client is just sending on it. So clients are told to go away first, with each answer, and what stays
 * silent is closed. Connections with a request under way stay.
 * @param hurry is aborted when it must not wait any longer
 */
export async function stopListening(
  server: Server,
  delayMs: number,
  hurry: AbortSignal,
): Promise<void> {
  const isConnected = (await connections(server)) > 0;
  await orHurry(sleep(isConnected ? Math.max(delayMs, ON_THE_WAY) : delayMs), hurry, 0);
  const closed = once(server, 'close');
  server.close();
  // Whoever got in last has this long to send a request.
  await orHurry(Promise.race([closed, sleep(ON_THE_WAY)]), hurry, 0);
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
