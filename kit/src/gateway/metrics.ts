import type { Metrics } from '../definitions/definitions.js';

const BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

/** What is counted of each server behind the gateway. Labels are names of `gateway.yaml` and kinds of failures. */
export class UpstreamMetrics {
  readonly #durations;
  readonly #connections;
  readonly #retries;
  readonly #redefined;

  /** @param instances how many instances of each server answer */
  constructor(
    metrics: Metrics,
    instances: () => readonly (readonly [name: string, up: number, all: number])[],
  ) {
    this.#durations = metrics.histogram(
      'mcp_upstream_request_duration_seconds',
      'How long requests to servers behind the gateway took; error_type says how those ended that failed.',
      BOUNDS,
    );
    this.#connections = metrics.counter(
      'mcp_upstream_connections_total',
      'Attempts to connect to an instance of a server behind the gateway, by result.',
    );
    this.#retries = metrics.counter(
      'mcp_upstream_retries_total',
      'Requests that another instance got as well.',
    );
    this.#redefined = metrics.counter(
      'mcp_upstream_redefined_tools_total',
      'Tools whose definition has changed while the gateway ran.',
    );
    metrics.gauge(
      'mcp_upstream_instances',
      'Instances of servers behind the gateway, by whether they answer.',
      () =>
        instances().flatMap(([upstream, up, all]) => [
          [{ upstream, state: 'up' }, up] as const,
          [{ upstream, state: 'down' }, all - up] as const,
        ]),
    );
  }

  /** A request has ended. @param failure empty when it has not failed */
  ended(upstream: string, failure: string, ms: number): void {
    this.#durations({ upstream, error_type: failure }).observe(ms / 1_000);
  }

  connected(upstream: string, isUp: boolean): void {
    this.#connections({ upstream, result: isUp ? 'ok' : 'failed' }).inc();
  }

  retried(upstream: string): void {
    this.#retries({ upstream }).inc();
  }

  redefined(upstream: string, tools: number): void {
    const counter = this.#redefined({ upstream });
    for (let n = 0; n < tools; n += 1) counter.inc();
  }
}
