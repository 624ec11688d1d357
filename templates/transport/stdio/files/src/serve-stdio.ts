import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createApp } from './app.js';
import { loadConfig, orExit } from './config.js';
import { loadEnvFile } from './env.js';
import { superviseProcess } from './lifecycle.js';
import { protocolOutput } from './protect-stdout.js';
import { createServer } from './server.js';
import { LineTransport } from './stdio/line-transport.js';
import { PlainCalls } from './stdio/plain-calls.js';
import { Unanswered } from './stdio/unanswered.js';

/** Whoever started this process may do everything. */
const OWNER = { id: 'stdio', scopes: ['*'] };

loadEnvFile();
const config = orExit(loadConfig);
const app = orExit(() => createApp(config));
const transport = new LineTransport(process.stdin, protocolOutput);
const calls = new PlainCalls(app, OWNER);
const connection = serveStdio(() => createServer(app, OWNER, { outcomes: calls.outcomes }), {
  transport,
  onerror: (error) => app.log.error({ err: error }, 'protocol error'),
});
calls.listenTo(transport);
const unanswered = new Unanswered(transport);

const end = superviseProcess({
  log: app.log,
  timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  async stop() {
    await Promise.all([unanswered.none(), calls.none()]);
    await connection.close();
    await app.close();
  },
});

// The client has said all that it wants to say.
process.stdin.once('end', () => end(0));
// The client does not listen any more.
protocolOutput.once('error', () => process.exit(0));
const { onclose } = transport;
transport.onclose = () => {
  onclose?.();
  end(1);
};
