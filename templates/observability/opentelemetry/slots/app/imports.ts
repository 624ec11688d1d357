import { openTracing, type Tracing } from './observability/tracing.js';
