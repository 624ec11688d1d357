import * as z from 'zod/v4';
import { rangeOf } from '../analytics/days.js';
import { METRIC_NAMES, METRICS } from '../analytics/metrics.js';
import { listRegions, requireRegions } from '../analytics/regions.js';
import { compareRegions } from '../analytics/reports.js';
import { definePrompt } from '../parts.js';

export const regionReport = definePrompt({
  name: 'region_report',
  title: 'Report on a region',
  description: 'Asks for a report on a region: its last 30 days beside the 30 days before.',
  args: z.object({ region: z.string().max(40).describe('As list_regions returns it') }),
  scopes: ['metrics:read'],
  complete: {
    async region(value, { store, signal }) {
      const typed = value.toLowerCase();
      const all = await listRegions(store, signal);
      return all.map(({ id }) => id).filter((id) => id.includes(typed));
    },
  },
  async messages({ region }, { store, signal }) {
    await requireRegions(store, [region], signal);
    const range = rangeOf({});
    const lines = METRIC_NAMES.map(async (metric) => {
      const { unit, aggregate } = METRICS[metric];
      const all = await compareRegions(store, { metric, aggregate, ...range }, signal);
      const { value = null, before = null } = all.find((one) => one.region === region) ?? {};
      return `- ${metric} (${aggregate}, ${unit}): ${value ?? 'none'}, before ${before ?? 'none'}`;
    });
    const text = [
      `Write a report on the region ${region} from ${range.from} to ${range.to}, in ten sentences at the most:`,
      ...(await Promise.all(lines)),
      'Look with query_metrics at which days or weeks explain the changes, and with compare_regions at whether other regions saw them, too.',
      'Name the figures that you rely on, and say what they cannot tell.',
    ].join('\n');
    return [{ role: 'user', content: { type: 'text', text } }];
  },
});
