import { traceQueries } from './observability/store-spans.js';
