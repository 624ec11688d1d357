import { type AuthPart, type HttpApp, httpSettings, type SessionsPart } from '../http/app.js';
import { anyOf } from '../http/callers.js';
import { HttpMetrics } from '../http/metrics.js';
import { dispatched } from '../http/refused-calls.js';
import type { Server } from '../index.js';
import { type OpenServer, openServer, type TransportOptions } from './open-server.js';

/** A server that is open, for HTTP. */
export interface OpenHttp extends OpenServer, Omit<HttpApp, keyof OpenServer> {
  readonly config: HttpApp['config'];
}

/** Opens a server for HTTP, on whichever platform. @throws {ConfigError} */
export function openHttpServer(
  server: Server,
  { env, host, log }: Pick<TransportOptions, 'env' | 'host' | 'log'>,
): OpenHttp {
  const { auth: parts = [], sessions } = server.parts;
  const authParts = [parts].flat() as readonly AuthPart[];
  const { state } = server.parts;
  const shared = env.NODE_ENV === 'production' ? (state?.required ?? []) : [];
  let metrics: HttpMetrics | undefined;
  const opened = openServer(server, {
    env,
    host,
    log,
    settings: httpSettings,
    required: [...authParts.flatMap(({ required = [] }) => required), ...shared],
    metrics: (audit, overdue) => {
      metrics = new HttpMetrics(audit, overdue, host.lines);
      return metrics.registry;
    },
  });
  if (metrics === undefined) throw new Error('unreachable');
  const auth = anyOf(authParts.map((part) => opened.open('auth', part)));
  return {
    ...opened,
    config: opened.config as HttpApp['config'],
    metrics,
    observers: [...opened.observers, metrics, dispatched(host.requests)],
    auth,
    credentialHeaders: [
      ...new Set(
        authParts.flatMap((part) => part.credentialHeaders.map((name) => name.toLowerCase())),
      ),
    ],
    sessions: sessions && opened.open('sessions', sessions as SessionsPart),
    ownRoutes: server.routes.map((route) => ({
      ...route,
      handle: (request, principal) =>
        route.handle(request, { ...opened.context, ...(principal && { principal }) } as never),
    })),
  };
}
