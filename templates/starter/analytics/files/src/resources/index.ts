export { metricCatalog } from './metric-catalog.js';
export { region } from './region.js';
