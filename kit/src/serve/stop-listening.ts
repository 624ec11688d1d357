import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a request may be on its way to a server that is going away (milliseconds). */
const ON_THE_WAY = 250;

/**
 * Stops listening after `delayMs`, and without losing a request that is on its way: `close` alone ends every connection that looks
 * idle, also when a client is just sending on it. So clients are told to go away first, with each answer, and what stays
 * silent is closed. Connections with a request under way stay.
 */
export async function stopListening(server: Server, delayMs: number): Promise<void> {
  const isConnected = (await connections(server)) > 0;
  await sleep(isConnected ? Math.max(delayMs, ON_THE_WAY) : delayMs);
  const closed = once(server, 'close');
  server.close();
  // Whoever got in last has this long to send a request.
  await Promise.race([closed, sleep(ON_THE_WAY)]);
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
