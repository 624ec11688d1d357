import { rangeOf } from '../analytics/days.js';
import { METRIC_NAMES, METRICS } from '../analytics/metrics.js';
import { listRegions, requireRegions } from '../analytics/regions.js';
import { querySeries } from '../analytics/reports.js';
import { defineResourceTemplate } from '../parts.js';

const PREFIX = 'analytics://regions/';

/** The address of a region as a resource. */
export const regionUri = (id: string): string => PREFIX + id;

export const region = defineResourceTemplate({
  name: 'region',
  uriTemplate: `${PREFIX}{region}`,
  title: 'Region',
  description: 'The last 30 days of a region by week, all metrics, as JSON.',
  mimeType: 'application/json',
  scopes: ['metrics:read'],
  cacheSeconds: 60,
  async list({ store, signal }) {
    const all = await listRegions(store, signal);
    return all.map(({ id, name }) => ({ uri: regionUri(id), name }));
  },
  complete: {
    async region(value, { store, signal }) {
      const typed = value.toLowerCase();
      const all = await listRegions(store, signal);
      return all.map(({ id }) => id).filter((id) => id.includes(typed));
    },
  },
  async read({ region: id = '' }, { store, signal }) {
    await requireRegions(store, [id], signal);
    const range = rangeOf({});
    const series = METRIC_NAMES.map(async (metric) => {
      const { unit, aggregate } = METRICS[metric];
      const query = { metric, aggregate, bucket: 'week', regions: [id], ...range } as const;
      const points = await querySeries(store, query, signal);
      const weeks = points.map(({ bucket, value }) => ({ week: bucket, value }));
      return [metric, { unit, aggregate, weeks }] as const;
    });
    const metrics = Object.fromEntries(await Promise.all(series));
    return JSON.stringify({ region: id, ...range, metrics }, null, 2);
  },
});
