import type { Call, CallEnd } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import type { Histogram, Labels, Metrics, ObservableCallback } from '../definitions/definitions.js';

/** A number that only grows. */
export class ValueCounter {
  value = 0;

  inc(): void {
    this.value += 1;
  }
}

/** How many values there were up to each bound, and their sum. */
export class BucketHistogram {
  readonly counts: number[];
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    this.sum += value;
    let index = 0;
    while (value > (this.bounds[index] ?? Number.POSITIVE_INFINITY)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
  }
}

type Kind = 'counter' | 'gauge' | 'histogram' | 'total';

interface Family {
  readonly kind: Kind;
  readonly help: string;
  /** What was made of it, for those that register it again. */
  readonly kept: unknown;
  samples(): string[];
}

/**
 * What is counted, in the text format of Prometheus. Counting is an addition to a number that its owner has at hand: in a call
 * nothing is looked up by its labels. Those that register the same name share one family: a name must not come twice.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Registry implements Metrics {
  readonly #families = new Map<string, Family>();

  /** @returns gives the counter of certain labels, always the same one for the same labels. */
  counter(name: string, help: string): (labels: Labels) => ValueCounter {
    const all = this.#family(name, 'counter', help, () => {
      const kept = new Series(() => new ValueCounter());
      const samples = () => kept.flatMap((labels, { value }) => [sample(name, labels, value)]);
      return { kept, samples };
    });
    return (labels) => all.with(labels);
  }

  /**
   * @returns a counter for each value of a label. All begin with 0: Prometheus counts from the second look at a series on, so one
   * that begins with its first event would hide that.
   */
  counters<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, ValueCounter>> {
    const counterOf = this.counter(name, help);
    const all = values.map((value) => [value, counterOf({ [label]: value })]);
    return Object.fromEntries(all) as Record<Value, ValueCounter>;
  }

  /** @returns gives the histogram of certain labels, always the same one for the same labels. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
  ): (labels: Labels) => BucketHistogram {
    const all = this.#family(name, 'histogram', help, () => {
      const kept = new Series(() => new BucketHistogram(bounds));
      const samples = () => kept.flatMap((labels, histogram) => samplesOf(name, labels, histogram));
      return { kept, samples };
    });
    return (labels) => all.with(labels);
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, figure: ObservableCallback): void {
    this.#add(name, 'gauge', help, figure);
  }

  /** A counter that somebody else keeps. */
  total(name: string, help: string, figure: ObservableCallback): void {
    this.#add(name, 'total', help, figure);
  }

  /** Everything that was counted. */
  text(): string {
    const lines = [...this.#families].flatMap(([name, { kind, help, samples }]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${kind === 'total' ? 'counter' : kind}`,
      ...samples(),
    ]);
    return `${lines.join('\n')}\n`;
  }

  #add(name: string, kind: 'gauge' | 'total', help: string, figure: ObservableCallback): void {
    const figures = this.#family(name, kind, help, () => {
      const kept: ObservableCallback[] = [];
      const samples = () => sumsOf(kept).map(([labels, value]) => sample(name, labels, value));
      return { kept, samples };
    });
    figures.push(figure);
  }

  /** What was made of a name before, or is made of it now. */
  #family<Kept>(
    name: string,
    kind: Kind,
    help: string,
    make: () => { readonly kept: Kept; samples(): string[] },
  ): Kept {
    const known = this.#families.get(name);
    if (known === undefined) {
      const made = make();
      this.#families.set(name, { kind, help, ...made });
      return made.kept;
    }
    if (known.kind === kind) return known.kept as Kept;
    throw new Error(`The metric ${name} is a ${known.kind} already and cannot be a ${kind}.`);
  }
}

/** What all figures say; where several have a value for the same labels, its sum. */
function sumsOf(figures: readonly ObservableCallback[]): (readonly [Labels, number])[] {
  const sums = new Map<string, readonly [Labels, number]>();
  for (const figure of figures) {
    const found = figure();
    for (const [labels, value] of typeof found === 'number' ? [[{}, found] as const] : found) {
      const key = Object.entries(labels).flat().join('\0');
      sums.set(key, [labels, value + (sums.get(key)?.[1] ?? 0)]);
    }
  }
  return [...sums.values()];
}

/** One of each for every set of labels. */
class Series<T> {
  readonly #all = new Map<string, { labels: Labels; one: T }>();

  constructor(private readonly create: () => T) {}

  with(labels: Labels): T {
    const key = Object.entries(labels).flat().join('\0');
    let found = this.#all.get(key);
    if (found === undefined) {
      found = { labels, one: this.create() };
      this.#all.set(key, found);
    }
    return found.one;
  }

  flatMap<R>(map: (labels: Labels, one: T) => R[]): R[] {
    return [...this.#all.values()].flatMap(({ labels, one }) => map(labels, one));
  }
}

function samplesOf(
  name: string,
  labels: Labels,
  { bounds, counts, sum }: BucketHistogram,
): string[] {
  let count = 0;
  const buckets = counts.map((inBucket, index) => {
    count += inBucket;
    const le = String(bounds[index] ?? '+Inf');
    return sample(`${name}_bucket`, { ...labels, le }, count);
  });
  const total = sample(`${name}_count`, labels, count);
  return [...buckets, sample(`${name}_sum`, labels, sum), total];
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** The bounds of the convention, and three below them, in seconds. */
const BOUNDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
];

/** Outcomes that are no failures. */
const FINE = ['ok', 'input_required'];

/** The codes of the server itself. Tools may have others; they count as one, because there must be few labels. */
const CODES = new Set([
  'ABORTED',
  'ALREADY_EXISTS',
  'CANCELLED',
  'CONFLICT',
  'FORBIDDEN',
  'INTERNAL',
  'INVALID_CURSOR',
  'INVALID_INPUT',
  'INVALID_QUERY',
  'NOT_FOUND',
  'OUTPUT_TOO_LARGE',
  'RATE_LIMITED',
  'STORE_BUSY',
  'STORE_TIMEOUT',
  'STORE_UNAVAILABLE',
  'TIMEOUT',
  'TOOL_FAILED',
  'TOO_MANY_CALLS',
  'UPSTREAM_FORBIDDEN',
  'UPSTREAM_INVALID',
  'UPSTREAM_REJECTED',
  'UPSTREAM_UNAUTHORIZED',
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
  readonly #calls = new DurationsByKind();
  readonly #completions = new DurationsByKind();
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
class DurationsByKind {
  readonly tool = new DurationsByName();
  readonly resource = new DurationsByName();
  readonly prompt = new DurationsByName();
}

class DurationsByName extends Map<string, Map<string, Histogram>> {}

function errorType(outcome: string): string {
  if (FINE.includes(outcome)) return '';
  return CODES.has(outcome) ? outcome : 'tool_error';
}
