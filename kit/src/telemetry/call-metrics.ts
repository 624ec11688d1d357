import type { Call, CallEnd } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import type { Histogram, Labels, Metrics } from '../definitions/metrics.js';

/** The bounds of the convention, and three below them, in seconds. */
const BOUNDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

/** Outcomes that are no failures. */
const FINE = ['ok', 'input_required'];

/** The codes of the server itself. Tools may have others; they count as one, because there must be few labels. */
const CODES = new Set([
  'ABORTED',
  'CANCELLED',
  'FORBIDDEN',
  'INTERNAL',
  'INVALID_CURSOR',
  'INVALID_INPUT',
  'NOT_FOUND',
  'OUTPUT_TOO_LARGE',
  'RATE_LIMITED',
  'STORE_BUSY',
  'STORE_TIMEOUT',
  'STORE_UNAVAILABLE',
  'TIMEOUT',
  'TOO_MANY_CALLS',
  'UPSTREAM_UNAVAILABLE',
  'APPROVALS_UNAVAILABLE',
  'APPROVAL_IMPOSSIBLE',
  'LIMITS_UNAVAILABLE',
  'NOT_APPROVED',
]);

/** The method of each kind of call, and the label that has its name. */
const KINDS = {
  tool: ['tools/call', 'gen_ai_tool_name'],
  resource: ['resources/read', 'mcp_resource_name'],
  prompt: ['prompts/get', 'gen_ai_prompt_name'],
} as const;

/**
 * Counts calls and their time. Names and labels are those of OpenTelemetry's conventions for MCP, as Prometheus spells them. Only
 * names that are registered here become labels, never what a caller sent.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
 */
export class CallMetrics implements CallObserver {
  readonly #durations: (labels: Labels) => Histogram;
  readonly #calls = new Known();
  readonly #completions = new Known();
  #inFlight = 0;

  constructor(registry: Metrics) {
    this.#durations = registry.histogram(
      'mcp_server_operation_duration_seconds',
      'How long calls took; error_type is the code of those that failed.',
      BOUNDS,
    );
    registry.gauge('mcp_server_calls_in_flight', 'Calls under way.', () => this.#inFlight);
  }

  began(): void {
    this.#inFlight += 1;
  }

  ended({ call, outcome, ms }: CallEnd): void {
    this.#inFlight -= 1;
    this.#durationsOf(call, errorType(outcome)).observe(ms / 1_000);
  }

  /** A call that never began. */
  refused(call: Call, ms: number): void {
    this.#durationsOf(call, 'REFUSED').observe(ms / 1_000);
  }

  #durationsOf({ kind, name, isCompletion }: Call, error: string): Histogram {
    const ofKind = (isCompletion ? this.#completions : this.#calls)[kind];
    const byError = ofKind.get(name) ?? new Map<string, Histogram>();
    const known = byError.get(error);
    if (known !== undefined) return known;
    const [method, label] = KINDS[kind];
    const mcp_method_name = isCompletion ? 'completion/complete' : method;
    const durations = this.#durations({ mcp_method_name, [label]: name, error_type: error });
    ofKind.set(name, byError.set(error, durations));
    return durations;
  }
}

/** By kind, name and outcome. */
class Known {
  readonly tool = new Names();
  readonly resource = new Names();
  readonly prompt = new Names();
}

class Names extends Map<string, Map<string, Histogram>> {}

function errorType(outcome: string): string {
  if (FINE.includes(outcome)) return '';
  return CODES.has(outcome) ? outcome : 'tool_error';
}
