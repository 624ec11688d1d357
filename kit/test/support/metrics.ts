import { HttpMetrics } from '../../src/http/metrics.js';

/** Metrics that nobody reads. */
export function newMetrics(): HttpMetrics {
  return new HttpMetrics({ lost: 0, ended() {}, close() {} }, { count: 0 }, { lost: 0 });
}
