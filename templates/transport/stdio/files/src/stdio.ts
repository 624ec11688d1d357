import './protect-stdout.js';

import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createApp } from './app.js';
import { loadConfigOrExit } from './config.js';
import { loadEnvFile } from './env.js';
import { superviseProcess } from './lifecycle.js';
import { protocolOutput } from './protect-stdout.js';
import { createServer } from './server.js';

/** Whoever started this process may do everything. */
const OWNER = { id: 'stdio', scopes: ['*'] };

loadEnvFile();
const config = loadConfigOrExit();
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

// The client has gone: it closed its end of a pipe, or its process died.
process.stdin.once('end', () => end(0));
process.stdin.once('close', () => end(0));
process.stdout.once('error', () => end(0));
