import type { McpServer, ProtocolEra } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createApp } from '../../calls/services.js';
import { loadConfig, orExit } from '../../settings.js';
import { loadEnvFile } from './env.js';
import { superviseProcess } from './lifecycle.js';
import { protocolOutput } from './protect-stdout.js';
import { createServer } from '../../protocol/server.js';
import { LineTransport } from '../../stdio/line-transport.js';
import { whenOrphaned } from './orphaned.js';
import { OWNER } from '../../stdio/owner.js';
import { PlainCalls } from '../../stdio/plain-calls.js';
import { pushChanges } from '../../stdio/push-changes.js';
import { Unanswered } from '../../stdio/unanswered.js';

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
const closed = new Promise<void>((resolve) => {
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    resolve();
  };
});

const end = superviseProcess({
  log: app.log,
  timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  async stop() {
    // What the calls hand over to the library is still to be answered by it.
    const allAnswered = calls.none().then(() => unanswered.none());
    // Over a connection that is closed nobody can be answered.
    await Promise.race([closed, allAnswered]);
    await connection.close();
    await app.close();
  },
});

// The client has said all that it wants to say.
process.stdin.once('end', () => {
  end(0);
  whenOrphaned(() => process.exit(0));
});
// The client does not listen any more.
protocolOutput.once('error', () => process.exit(0));
closed.then(() => end(1));
