import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createApp } from './app.js';
import { loadConfig, orExit } from './config.js';
import { loadEnvFile } from './env.js';
import { orHurry, superviseProcess } from './lifecycle.js';
import { aborted } from './pipeline/running-calls.js';
import { protocolOutput } from './protect-stdout.js';
import { createServer } from './server.js';
import { LineTransport } from './stdio/line-transport.js';
import { whenOrphaned } from './stdio/orphaned.js';
import { OWNER } from './stdio/owner.js';
import { PlainCalls } from './stdio/plain-calls.js';
import { pushChanges } from './stdio/push-changes.js';
import { Unanswered } from './stdio/unanswered.js';

loadEnvFile();
const config = orExit(loadConfig);
const app = orExit(() => createApp(config));
const transport = new LineTransport(process.stdin, protocolOutput);
const calls = new PlainCalls(app, OWNER);

function serve({ era }: { readonly era: ProtocolEra }): McpServer {
  const server = createServer(app, OWNER, { outcomes: calls.outcomes, news: 'resources' });
  pushChanges(server, app, era);
  return server;
}

const connection = serveStdio(serve, {
  transport,
  onerror: (error) => app.log.error({ err: error }, 'protocol error'),
});
calls.listenTo(transport);
const unanswered = new Unanswered(transport);
let isStopped = false;
const closed = new Promise<void>((resolve) => {
  const { onclose } = transport;
  transport.onclose = () => {
    // Before the library ends its calls, so that all calls end in the same way.
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
    // What the calls hand over to the library is still to be answered by it.
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

// The client has said all that it wants to say.
process.stdin.once('end', () => {
  end(0);
  whenOrphaned(() => endNow(0));
});
// The client does not listen any more.
protocolOutput.once('error', () => endNow(0));
