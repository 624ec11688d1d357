import type { Call, CallEnd, OverdueCalls } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import type { Counter } from '../definitions/definitions.js';
import type { LineSink } from '../host/host.js';
import type { RequestHeaders } from '../parts.js';
import type { AuditLog } from '../telemetry/audit.js';
import { CallMetrics, Registry } from '../telemetry/metrics.js';

/** What a caller can have too much of. */
const LIMITS = [
  'calls',
  'calls_under_way',
  'guesses',
  'requests',
  'requests_under_way',
  'subscriptions',
] as const;

export type Limit = (typeof LIMITS)[number] | 'sessions';

const LIMIT_OF_CODE = new Map<string, Limit>([
  ['RATE_LIMITED', 'calls'],
  ['TOO_MANY_CALLS', 'calls_under_way'],
]);

/** Everything that a server over HTTP counts. Label values are of closed sets. */
export class HttpMetrics implements CallObserver {
  readonly registry = new Registry();
  readonly #calls = new CallMetrics(this.registry);
  readonly #refused = this.registry.counter(
    'mcp_http_requests_refused_total',
    'HTTP requests that did not reach the protocol, by status.',
  );
  readonly #limited = this.registry.counter(
    'mcp_rate_limited_total',
    'What was refused because of a limit, by limit.',
  );
  #authFailures: Readonly<Record<string, Counter>> = {};

  constructor(
    audit: AuditLog,
    overdue: Pick<OverdueCalls, 'count'>,
    lines: Pick<LineSink, 'lost'>,
  ) {
    const lost = 'Lines of the log that could not be written.';
    this.registry.total('mcp_log_lines_lost_total', lost, () => [
      [{ log: 'stderr' }, lines.lost],
      [{ log: 'audit' }, audit.lost],
    ]);
    for (const limit of LIMITS) this.countLimit(limit);
    const late = 'Calls that still run although they were answered: timed out or cancelled.';
    this.registry.gauge('mcp_server_calls_overdue', late, () => overdue.count);
  }

  began(): void {
    this.#calls.began();
  }

  ended(end: CallEnd): void {
    this.#calls.ended(end);
    const limit = LIMIT_OF_CODE.get(end.outcome);
    if (limit !== undefined) this.limited(limit);
  }

  /** The protocol refused a call before it began. */
  callRefused(call: Call, ms: number): void {
    this.#calls.refused(call, ms);
  }

  /** There is such a limit: its figure begins with 0. */
  countLimit(limit: Limit): void {
    this.#limited({ limit });
  }

  limited(limit: Limit): void {
    this.#limited({ limit }).inc();
  }

  requestRefused(status: number): void {
    this.#refused({ status: String(status) }).inc();
  }

  /** Callers have to say who they are. */
  countAuthFailures(): void {
    this.#authFailures = this.registry.counters(
      'mcp_auth_failures_total',
      'Requests whose caller could not be identified, by reason.',
      'reason',
      ['missing', 'invalid', 'throttled', 'unavailable'],
    );
  }

  /** The caller of a request with these headers could not be identified. */
  authFailed(status: number, headers: RequestHeaders, credentialHeaders: readonly string[]): void {
    const sent = credentialHeaders.some((name) => headers.get(name) !== null);
    const reason = status === 429 ? 'throttled' : status === 503 ? 'unavailable' : 'invalid';
    this.#authFailures[sent ? reason : 'missing']?.inc();
    if (status === 429) this.limited('guesses');
  }

  /** How many connections are open. */
  countConnections(open: () => number): void {
    this.registry.gauge('mcp_http_connections_open', 'Open connections.', open);
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
}

const SECOND_MS = 1_000;

/** Bounds the lines that strangers can cause: at most `perSecond`, and the next one says how many were left out. */
export class LineLimit {
  #until = 0;
  #written = 0;
  #leftOut = 0;

  constructor(private readonly perSecond: number) {}

  /** Writes a line, or leaves it out. */
  write(write: (leftOut: { leftOut?: number }) => void): void {
    const now = performance.now();
    if (now >= this.#until) {
      this.#until = now + SECOND_MS;
      this.#written = 0;
    }
    if (this.#written >= this.perSecond) {
      this.#leftOut += 1;
      return;
    }
    this.#written += 1;
    write(this.#leftOut > 0 ? { leftOut: this.#leftOut } : {});
    this.#leftOut = 0;
  }
}
