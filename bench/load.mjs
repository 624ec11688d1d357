/** A server under load. */
import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import { withHttp } from './processes.mjs';

const WARM_UP = 3;
const TICKS_PER_SECOND = 100;

/**
 * Starts `script` and keeps `connections` busy with `call`.
 * @returns calls per second; CPU time of a call in µs and memory in MB where the system tells (Linux); p99 in ms
 */
export async function underLoad(script, call, { env, connections = 32, seconds = 3 } = {}) {
  return await withHttp('node', script, { call, env }, async ({ url, pid }) => {
    const load = (duration) => autocannon({ url, ...call, connections, duration });
    await load(WARM_UP);
    const before = await cpuSeconds(pid);
    const { requests, latency, non2xx, errors } = await load(seconds);
    if (non2xx + errors > 0) throw new Error(`${script}: ${non2xx + errors} calls failed.`);
    const after = await cpuSeconds(pid);
    return {
      perSecond: requests.average,
      cpu: ((after - before) / requests.total) * 1e6,
      p99: latency.p99,
      memory: await residentMegabytes(pid),
    };
  });
}

/** What only Linux says; NaN elsewhere. */
async function cpuSeconds(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1000;
}
