import type { CallSpan } from '../observability/tracing.js';
