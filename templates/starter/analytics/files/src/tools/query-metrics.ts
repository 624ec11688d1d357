import * as z from 'zod/v4';
import { BUCKETS, rangeOf } from '../analytics/days.js';
import { AGGREGATES, METRIC_NAMES, METRICS } from '../analytics/metrics.js';
import { querySeries } from '../analytics/reports.js';
import { defineTool } from '../parts.js';

export const queryMetrics = defineTool({
  name: 'query_metrics',
  title: 'Query metrics',
  description:
    'A metric over time, by region. A bucket is named by its first day; weeks begin on Monday, days are in UTC. Buckets without events are left out; the first and the last one may be cut by the range.',
  input: z.object({
    metric: z.enum(METRIC_NAMES),
    regions: z.array(z.string().max(40)).min(1).max(50).optional().describe('By default all'),
    from: z.iso.date().optional().describe('First day; by default 29 days before `to`'),
    to: z.iso.date().optional().describe('Last day, which counts; by default today'),
    bucket: z.enum(BUCKETS).default('day'),
    aggregate: z.enum(AGGREGATES).optional().describe('By default what fits the metric'),
  }),
  output: z.object({
    unit: z.string(),
    aggregate: z.enum(AGGREGATES),
    from: z.string(),
    to: z.string(),
    points: z.array(
      z.object({
        bucket: z.string().describe('Its first day'),
        region: z.string(),
        value: z.number(),
        events: z.number().int().describe('How many events the value is made of'),
      }),
    ),
  }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  scopes: ['metrics:read'],
  limits: { timeoutMs: 15_000 },
  async run({ metric, regions, bucket, ...input }, { store, signal }) {
    const { unit, aggregate: usual } = METRICS[metric];
    const { aggregate = usual } = input;
    const range = rangeOf(input);
    const query = { metric, regions, bucket, aggregate, ...range };
    return { unit, aggregate, ...range, points: await querySeries(store, query, signal) };
  },
});
