import { createApp } from './app.js';
import { requiredSettings } from './auth/index.js';
import { loadConfig, orExit } from './config.js';
import { loadEnvFile } from './env.js';
import { createHttpHandler } from './http/handler.js';
import { createMetricsServer } from './http/metrics-endpoint.js';
import { createNodeServer } from './http/node-server.js';
import { stopListening } from './http/stop-listening.js';
import { superviseProcess } from './lifecycle.js';
import { addProcessMetrics } from './observability/process-metrics.js';

/** How long after the start what most requests do not need is loaded, unless one has needed it before (milliseconds). */
const PREPARE_AFTER = 1_000;

loadEnvFile();
const config = orExit(() => loadConfig(process.env, requiredSettings));
const app = orExit(() => createApp(config));
const handler = orExit(() => createHttpHandler(app));
const server = createNodeServer(handler.answer);
const metricsServer = createMetricsServer(app);
addProcessMetrics(app.metrics.registry);
app.metrics.countConnections(server);

const end = superviseProcess({
  log: app.log,
  timeoutMs: config.SHUTDOWN_DELAY_MS + config.SHUTDOWN_TIMEOUT_MS,
  async stop() {
    handler.announceEnd();
    await stopListening(server, config.SHUTDOWN_DELAY_MS);
    await handler.drain();
    server.closeAllConnections();
    metricsServer.close();
    metricsServer.closeAllConnections();
    await app.close();
  },
});

for (const one of [server, metricsServer]) {
  one.on('error', (error) => {
    app.log.fatal(error.message);
    end(1);
  });
}
/** A server that cannot answer everything is better started again. */
function prepare(): void {
  handler.prepare().catch((error: unknown) => {
    app.log.fatal({ err: error }, 'the protocol library cannot be loaded');
    end(1);
  });
}

server.listen(config.PORT, config.HOST, () => {
  app.log.info({ address: server.address() }, 'MCP at /mcp');
  if (config.PUBLIC_URL?.startsWith('https:') && config.TRUST_PROXY === undefined) {
    app.log.warn(
      'PUBLIC_URL is https, so there is a proxy in front, but TRUST_PROXY is not set: all clients share its address, and one that ' +
        'tries wrong credentials slows down the others. Set TRUST_PROXY to the number of proxies, or to 0 if this is meant.',
    );
  }
  setTimeout(prepare, PREPARE_AFTER).unref();
});
if (config.METRICS_PORT !== undefined) {
  metricsServer.listen(config.METRICS_PORT, config.METRICS_HOST, () => {
    app.log.info({ address: metricsServer.address() }, 'metrics at /metrics');
  });
}
