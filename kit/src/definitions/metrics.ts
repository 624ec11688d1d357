export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  inc(): void;
}

/** How many values there were up to each bound, and their sum. */
export interface Histogram {
  observe(value: number): void;
}

/** A value that is looked up when somebody asks for it, or several with labels. */
export type Figure = () => number | readonly (readonly [Labels, number])[];

/** Where figures are registered. Labels must be of closed sets: each set of values is a series of its own. */
export interface Metrics {
  /** @returns gives the counter of certain labels, always the same one for the same labels. */
  counter(name: string, help: string): (labels: Labels) => Counter;
  /** @returns a counter for each value of a label. All begin with 0. */
  counters<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, Counter>>;
  /** @returns gives the histogram of certain labels, always the same one for the same labels. */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels) => Histogram;
  /** A value that goes up and down. */
  gauge(name: string, help: string, figure: Figure): void;
  /** A counter that somebody else keeps. */
  total(name: string, help: string, figure: Figure): void;
}

const ignore = { inc() {}, observe() {} };

/** Counts nothing: nobody can read the metrics of a server over stdio. */
export const NO_METRICS: Metrics = {
  counter: () => () => ignore,
  counters<Value extends string>(
    _name: string,
    _help: string,
    _label: string,
    values: readonly Value[],
  ) {
    const all = Object.fromEntries(values.map((value) => [value, ignore]));
    return all as unknown as Record<Value, Counter>;
  },
  histogram: () => () => ignore,
  gauge() {},
  total() {},
};
