import type { Server } from 'node:net';
import type { Call } from '../calls/run-call.js';
import type { AuditLog } from './audit.js';
import { CallMetrics } from './call-metrics.js';
import { stderr } from '../host/node/line-writer.js';
import { Registry } from './registry.js';
{{> metrics/imports}}

const LIMITS = [
  'calls',
  'calls_under_way',
  'guesses',
  'requests',
  'requests_under_way',
  'subscriptions',
  {{> metrics/limits}}
] as const;

/** What a caller had too much of. */
export type Limit = (typeof LIMITS)[number];

const LIMIT_OF_CODE = new Map<string, Limit>([
  ['RATE_LIMITED', 'calls'],
  ['TOO_MANY_CALLS', 'calls_under_way'],
]);

/** Everything that this process counts. Label values are of closed sets. */
export class Metrics {
  readonly registry = new Registry();
  readonly #calls = new CallMetrics(this.registry);
  readonly #refused = this.registry.counter(
    'mcp_http_requests_refused_total',
    'HTTP requests that did not reach the protocol, by status.',
  );
  readonly #limited = this.registry.counters(
    'mcp_rate_limited_total',
    'What was refused because of a limit, by limit.',
    'limit',
    LIMITS,
  );
  {{> metrics/members}}

  constructor(audit: AuditLog) {
    const lost = 'Lines of the log that could not be written.';
    this.registry.total('mcp_log_lines_lost_total', lost, () => [
      [{ log: 'stderr' }, stderr.lost],
      [{ log: 'audit' }, audit.lost],
    ]);
  }

  callBegan(): void {
    this.#calls.began();
  }

  callEnded(call: Call, outcome: string, ms: number): void {
    this.#calls.ended(call, outcome, ms);
    const limit = LIMIT_OF_CODE.get(outcome);
    if (limit !== undefined) this.limited(limit);
  }

  /** The protocol refused a call before it began. */
  callRefused(call: Call, ms: number): void {
    this.#calls.refused(call, ms);
  }

  limited(limit: Limit): void {
    this.#limited[limit].inc();
  }

  requestRefused(status: number): void {
    this.#refused({ status: String(status) }).inc();
  }

  /** How many connections are open. */
  countConnections(server: Server): void {
    let open = 0;
    server.on('connection', (socket) => {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
    });
    this.registry.gauge('mcp_http_connections_open', 'Open connections.', () => open);
  }

  countSubscriptions(open: () => number): void {
    this.registry.gauge('mcp_subscriptions_open', 'Streams that listen for changes.', open);
  }

  /** What the server depends on, and whether it could be reached when somebody last looked. */
  countDependencies(known: () => readonly (readonly [name: string, isUp: boolean])[]): void {
    this.registry.gauge('mcp_dependency_up', 'Whether a dependency can be reached.', () =>
      known().map(([dependency, isUp]) => [{ dependency }, isUp ? 1 : 0]),
    );
  }

  {{> metrics/methods}}
}
