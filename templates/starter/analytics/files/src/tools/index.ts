export { compareRegions } from './compare-regions.js';
export { listRegions } from './list-regions.js';
export { queryMetrics } from './query-metrics.js';
export { recordEvent } from './record-event.js';
