import { BUCKETS } from '../analytics/days.js';
import { AGGREGATES, METRICS } from '../analytics/metrics.js';
import { defineResource } from '../parts.js';

export const metricCatalog = defineResource({
  name: 'metric_catalog',
  uri: 'analytics://metrics',
  title: 'Metrics',
  description: 'The metrics with their units and usual aggregates, and how they can be asked for.',
  mimeType: 'application/json',
  scopes: ['metrics:read'],
  cacheSeconds: 3_600,
  read: () =>
    JSON.stringify({ metrics: METRICS, aggregates: AGGREGATES, buckets: BUCKETS }, null, 2),
});
