import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';
import { serveStdio as connect } from '@modelcontextprotocol/server/stdio';
import { aborted } from '../calls/running-calls.js';
import { NO_METRICS } from '../definitions/metrics.js';
import { nodeHost } from '../host/node/host.js';
import { orExit, superviseProcess, whenOrphaned } from '../host/node/lifecycle.js';
import { loadEnvFile } from '../host/node/project.js';
import { protocolOutput } from '../host/node/protect-stdout.js';
import { orHurry } from '../host/web.js';
import { createMcpServer } from '../protocol/mcp-server.js';
import type { Server } from '../server.js';
import { LineTransport, Unanswered } from '../stdio/line-transport.js';
import { OWNER, PlainCalls, pushChanges } from '../stdio/plain-calls.js';
import { openServer } from './open-server.js';

/** Serves a server to the client that started this process, until that goes away. */
export function serveStdio(definition: Server): void {
  loadEnvFile();
  const app = orExit(() =>
    openServer(definition, { env: process.env, host: nodeHost, metrics: () => NO_METRICS }),
  );
  const { config } = app;
  const transport = new LineTransport(process.stdin, protocolOutput);
  const calls = new PlainCalls(app, OWNER);

  function serve({ era }: { readonly era: ProtocolEra }): McpServer {
    const server = createMcpServer(app, OWNER, { outcomes: calls.outcomes, changes: 'resources' });
    pushChanges(server, app, era);
    return server;
  }

  const connection = connect(serve, {
    transport,
    onerror: (error) => app.log.error({ err: error }, 'protocol error'),
  });
  calls.listenTo(transport);
  const unanswered = new Unanswered(transport);
  let isStopped = false;
  const closed = new Promise<void>((resolve) => {
    const { onclose } = transport;
    transport.onclose = () => {
      // Before the SDK ends its calls, so that all calls end in the same way.
      if (!isStopped) endNow(1);
      onclose?.();
      resolve();
    };
  });

  const { end, endNow } = superviseProcess({
    log: app.log,
    timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
    abortCalls: () => app.running.abort(),
    async stop(hurry) {
      // What the calls hand over to the SDK is still to be answered by it.
      const allAnswered = calls.none().then(() => unanswered.none());
      // Over a connection that is closed nobody can be answered.
      const answered = Promise.race([closed, allAnswered]);
      await orHurry(Promise.all([answered, app.running.none()]), hurry);
      isStopped = true;
      if (!transport.isClosed) await unanswered.refuse(aborted());
      await connection.close();
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
}
