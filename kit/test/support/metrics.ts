import { Metrics } from '../../src/http/metrics.js';

/** Metrics that nobody reads. */
export function newMetrics(): Metrics {
  return new Metrics({ lost: 0, record() {}, close() {} }, { count: 0 });
}
