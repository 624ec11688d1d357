import * as z from 'zod/v4';
import { daysBefore, rangeOf } from '../analytics/days.js';
import { AGGREGATES, METRIC_NAMES, METRICS } from '../analytics/metrics.js';
import { compareRegions as compare } from '../analytics/reports.js';
import { defineTool } from '../parts.js';

const Range = z.object({ from: z.string(), to: z.string() });

export const compareRegions = defineTool({
  name: 'compare_regions',
  title: 'Compare regions',
  description:
    'A metric of every region over a range of days, beside as many days before it, the largest value first.',
  input: z.object({
    metric: z.enum(METRIC_NAMES),
    from: z.iso.date().optional().describe('First day; by default 29 days before `to`'),
    to: z.iso.date().optional().describe('Last day, which counts; by default today'),
    aggregate: z.enum(AGGREGATES).optional().describe('By default what fits the metric'),
  }),
  output: z.object({
    unit: z.string(),
    aggregate: z.enum(AGGREGATES),
    range: Range,
    before: Range,
    regions: z.array(
      z.object({
        region: z.string(),
        name: z.string(),
        value: z.number().nullable().describe('null: no events'),
        before: z.number().nullable(),
        change: z.number().nullable().describe('0.1: a tenth more than before'),
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
  async run({ metric, ...input }, { store, signal }) {
    const { unit, aggregate: usual } = METRICS[metric];
    const { aggregate = usual } = input;
    const range = rangeOf(input);
    const regions = await compare(store, { metric, aggregate, ...range }, signal);
    return { unit, aggregate, range, before: daysBefore(range), regions };
  },
});
