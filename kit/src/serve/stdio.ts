import { aborted } from '../calls/call.js';
import { NO_METRICS } from '../definitions/definitions.js';
import { orHurry } from '../host/host.js';
import { nodeHost } from '../host/node/host.js';
import { orExit, superviseProcess, whenOrphaned } from '../host/node/lifecycle.js';
import { loadEnvFile, protocolOutput } from '../host/node/project.js';
import type { Server } from '../index.js';
import { STDIO_PRINCIPAL, StdioConnection } from '../stdio/connection.js';
import { LineTransport } from '../stdio/line-transport.js';
import { openServer } from './open-server.js';

/** Serves a server to the client that started this process, until that goes away. */
export function serveStdio(definition: Server): void {
  loadEnvFile();
  const app = orExit(() =>
    openServer(definition, { env: process.env, host: nodeHost, metrics: () => NO_METRICS }),
  );
  const { config } = app;
  const transport = new LineTransport(process.stdin, protocolOutput);
  const calls = new StdioConnection(app, STDIO_PRINCIPAL, transport);
  transport.onerror = (error) => app.log.error({ err: error }, 'protocol error');
  let isStopped = false;
  const closed = new Promise<void>((resolve) => {
    transport.onclose = () => {
      if (!isStopped) endNow(1);
      resolve();
    };
  });

  const { end, endNow } = superviseProcess({
    log: app.log,
    timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    abortCalls: () => app.running.abort(),
    async stop(hurry) {
      // Over a connection that is closed nobody can be answered.
      const answered = Promise.race([closed, calls.answered()]);
      await orHurry(Promise.all([answered, app.running.none()]), hurry);
      isStopped = true;
      if (!transport.isClosed) await calls.refuse(aborted());
      await calls.close();
      await app.close();
    },
  });

  // The client closed its input.
  process.stdin.once('end', () => {
    end(0);
    whenOrphaned(() => endNow(0));
  });
  // The client does not listen any more.
  protocolOutput.once('error', () => endNow(0));
  if (app.started === undefined) void transport.start();
  else void app.started.then(() => transport.start());
}
