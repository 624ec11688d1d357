/** What is measured. `aggregate` is what is asked for when nothing else is said: milliseconds do not add up to anything. */
export const METRICS = {
  visits: { unit: 'visits', aggregate: 'sum' },
  orders: { unit: 'orders', aggregate: 'sum' },
  revenue: { unit: 'EUR', aggregate: 'sum' },
  latency: { unit: 'ms', aggregate: 'avg' },
} as const;

export type Metric = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as [Metric, ...Metric[]];
export const AGGREGATES = ['sum', 'avg', 'min', 'max', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];
