import { Metrics } from './observability/metrics.js';
