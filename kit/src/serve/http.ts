import { nodeHost } from '../host/node/host.js';
import { orExit, superviseProcess } from '../host/node/lifecycle.js';
import { loadEnvFile } from '../host/node/project.js';
import { createHttpHandler } from '../http/handler.js';
import { metricsOnOwnPort } from '../http/operations.js';
import type { Server } from '../index.js';
import {
  createNodeServer,
  limitConnections,
  openConnections,
  stopListening,
} from './node-server.js';
import { type OpenHttp, openHttpServer } from './open-http.js';
import type { TransportOptions } from './open-server.js';
import { addProcessMetrics } from './process-metrics.js';

/** How long after the start what most requests do not need is loaded, unless one has needed it before (milliseconds). */
const PREPARE_AFTER = 1_000;

/** How many connections `METRICS_PORT` takes: the file descriptors are for calls. */
const MAX_METRICS_READERS = 8;

/** Opens a server for HTTP on this machine. @throws {ConfigError} */
export function openHttp(
  server: Server,
  { env, log }: Pick<TransportOptions, 'env' | 'log'>,
): OpenHttp {
  return openHttpServer(server, { env, host: nodeHost, log });
}

/** Serves a server over HTTP until the process is told to end. */
export function serveHttp(definition: Server): void {
  loadEnvFile();
  const app = orExit(() => openHttp(definition, { env: process.env }));
  const { config } = app;
  const handler = orExit(() => createHttpHandler(app));
  const server = createNodeServer(handler.answer, app.log);
  const onOwnPort = metricsOnOwnPort(app);
  const metricsServer = createNodeServer(async (request) => onOwnPort(request), app.log);
  metricsServer.maxConnections = MAX_METRICS_READERS;
  addProcessMetrics(app.metrics.registry);
  app.metrics.countConnections(openConnections(server));

  const { end } = superviseProcess({
    log: app.log,
    timeoutMs: config.SHUTDOWN_DELAY_MS + config.SHUTDOWN_TIMEOUT_MS,
    abortCalls: () => app.running.abort(),
    async stop(hurry) {
      handler.announceEnd();
      await stopListening(server, config.SHUTDOWN_DELAY_MS, hurry);
      await handler.drain(hurry);
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
      app.log.fatal({ err: error }, 'the MCP SDK cannot be loaded');
      end(1);
    });
  }

  limitConnections(server, app.log);
  const listen = () => server.listen(config.PORT, config.HOST, listening);
  const listening = () => {
    app.log.info({ address: server.address() }, 'MCP at /mcp');
    if (config.PUBLIC_URL?.startsWith('https:') && config.TRUST_PROXY === undefined) {
      app.log.warn(
        'PUBLIC_URL is https, so there is a proxy in front, but TRUST_PROXY is not set: all clients share its address, and one that ' +
          'tries wrong credentials slows down the others. Set TRUST_PROXY to the number of proxies, or to 0 if this is meant.',
      );
    }
    setTimeout(prepare, PREPARE_AFTER).unref();
  };
  if (app.started === undefined) listen();
  else void app.started.then(listen);
  if (config.METRICS_PORT !== undefined) {
    metricsServer.listen(config.METRICS_PORT, config.METRICS_HOST, () => {
      app.log.info({ address: metricsServer.address() }, 'metrics at /metrics');
    });
  }
}
