import './protect-stdout.js';

import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createApp } from './app.js';
import { loadConfig, orExit } from './config.js';
import { loadEnvFile } from './env.js';
import { superviseProcess } from './lifecycle.js';
import { protocolOutput } from './protect-stdout.js';
import { createServer } from './server.js';

/** Whoever started this process may do everything. */
const OWNER = { id: 'stdio', scopes: ['*'] };

loadEnvFile();
const config = orExit(loadConfig);
const app = createApp(config);
const transport = new StdioServerTransport(process.stdin, protocolOutput);
const connection = serveStdio(() => createServer(app, OWNER), {
  transport,
  onerror: (error) => app.log.error({ err: error }, 'protocol error'),
});

const end = superviseProcess({
  log: app.log,
  timeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  async stop() {
    await connection.close();
    await app.close();
  },
});

// The client closed its end of a pipe, or its process died. Anything else that ends the connection is a failure.
process.stdout.once('error', () => end(0));
const { onclose } = transport;
transport.onclose = () => {
  onclose?.();
  end(process.stdin.readableEnded || process.stdin.destroyed ? 0 : 1);
};
