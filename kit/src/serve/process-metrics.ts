import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from '../telemetry/metrics.js';

const PERCENTILES = [50, 90, 99, 100];
const RESOLUTION_MS = 10;

/** What clients of Prometheus in every language tell of their process, and how late the event loop is. */
export function addProcessMetrics(registry: Registry): void {
  const { memoryUsage } = process;
  registry.total('process_cpu_seconds_total', 'User and system CPU time.', cpuSeconds);
  registry.gauge('process_resident_memory_bytes', 'Resident memory.', () => memoryUsage.rss());
  registry.gauge(
    'nodejs_heap_size_used_bytes',
    'Memory that objects use.',
    () => memoryUsage().heapUsed,
  );
  registry.gauge('process_start_time_seconds', 'Start, in seconds since 1970.', startTime);
  registry.gauge('process_open_fds', 'Open file descriptors; -1 where nobody tells.', openFiles);

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const lag = 'How late the event loop was since the last look, by percentile.';
  registry.gauge('nodejs_eventloop_lag_seconds', lag, () => {
    const found = PERCENTILES.map((percentile) => {
      const measured = delay.percentile(percentile) / 1e9;
      // It measures a timer of its own, which takes its time also when nothing is late.
      const late = Math.max(0, measured - RESOLUTION_MS / 1_000);
      return [{ percentile: String(percentile) }, late] as const;
    });
    delay.reset();
    return found;
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function startTime(): number {
  return Math.round(performance.timeOrigin / 1_000);
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
