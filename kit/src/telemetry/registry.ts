import type { Figure, Labels, Metrics } from '../definitions/metrics.js';

/** A number that only grows. */
export class Counter {
  value = 0;

  inc(): void {
    this.value += 1;
  }
}

/** How many values there were up to each bound, and their sum. */
export class Histogram {
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
  counter(name: string, help: string): (labels: Labels) => Counter {
    const all = this.#family(name, 'counter', help, () => {
      const kept = new Series(() => new Counter());
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
  ): Readonly<Record<Value, Counter>> {
    const counterOf = this.counter(name, help);
    const all = values.map((value) => [value, counterOf({ [label]: value })]);
    return Object.fromEntries(all) as Record<Value, Counter>;
  }

  /** @returns gives the histogram of certain labels, always the same one for the same labels. */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels) => Histogram {
    const all = this.#family(name, 'histogram', help, () => {
      const kept = new Series(() => new Histogram(bounds));
      const samples = () => kept.flatMap((labels, histogram) => samplesOf(name, labels, histogram));
      return { kept, samples };
    });
    return (labels) => all.with(labels);
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, figure: Figure): void {
    this.#add(name, 'gauge', help, figure);
  }

  /** A counter that somebody else keeps. */
  total(name: string, help: string, figure: Figure): void {
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

  #add(name: string, kind: 'gauge' | 'total', help: string, figure: Figure): void {
    const figures = this.#family(name, kind, help, () => {
      const kept: Figure[] = [];
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
function sumsOf(figures: readonly Figure[]): (readonly [Labels, number])[] {
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

function samplesOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): string[] {
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
