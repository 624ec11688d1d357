import type { Env, Host } from '../host/host.js';
import { createHttpHandler } from '../http/handler.js';
import type { Server } from '../index.js';
import { openHttpServer } from './open-http.js';

/** A server for a platform that hands over web-standard requests, such as Deno, Bun or a worker. */
export interface WebHandler {
  /** Answers a request. @param sender the address that it came from */
  fetch(request: Request, sender?: string): Promise<Response>;
  /** Finishes the calls under way, as long as `SHUTDOWN_TIMEOUT_MS` allows, and closes everything. */
  close(): Promise<void>;
}

/**
 * Opens a server for web-standard requests. Nothing that this file reaches needs Node.js: what is beyond the standards, `host` gives.
 * @throws {ConfigError}
 */
export function webHandler(definition: Server, host: Host, env: Env): WebHandler {
  const app = openHttpServer(definition, { env, host });
  const handler = createHttpHandler(app);
  return {
    fetch: handler.fetch,
    async close() {
      handler.announceEnd();
      const hurry = AbortSignal.timeout(app.config.SHUTDOWN_TIMEOUT_MS);
      hurry.addEventListener('abort', () => app.running.abort());
      await handler.drain(hurry);
      await app.close();
    },
  };
}
