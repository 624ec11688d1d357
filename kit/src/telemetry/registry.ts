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

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  samples(): string[];
}

/**
 * What is counted, in the text format of Prometheus. Counting is an addition to a number that its owner has at hand: in a call
 * nothing is looked up by its labels.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class Registry implements Metrics {
  readonly #families: Family[] = [];

  /** @returns gives the counter of certain labels, always the same one for the same labels. */
  counter(name: string, help: string): (labels: Labels) => Counter {
    const all = new Series(() => new Counter());
    const samples = () => all.flatMap((labels, { value }) => [sample(name, labels, value)]);
    this.#families.push({ name, type: 'counter', help, samples });
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
    const all = new Series(() => new Histogram(bounds));
    const samples = () => all.flatMap((labels, histogram) => samplesOf(name, labels, histogram));
    this.#families.push({ name, type: 'histogram', help, samples });
    return (labels) => all.with(labels);
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, figure: Figure): void {
    this.#add(name, 'gauge', help, figure);
  }

  /** A counter that somebody else keeps. */
  total(name: string, help: string, figure: Figure): void {
    this.#add(name, 'counter', help, figure);
  }

  /** Everything that was counted. */
  text(): string {
    const lines = this.#families.flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples(),
    ]);
    return `${lines.join('\n')}\n`;
  }

  #add(name: string, type: Family['type'], help: string, figure: Figure): void {
    const samples = () => {
      const found = figure();
      const all = typeof found === 'number' ? [[{}, found] as const] : found;
      return all.map(([labels, value]) => sample(name, labels, value));
    };
    this.#families.push({ name, type, help, samples });
  }
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
