/** A server under load. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { withHttp } from './processes.mjs';

const run = promisify(execFile);
const WARM_UP = 3;
const TICKS_PER_SECOND = 100;

/**
 * Starts `script` and keeps `connections` busy with `call`.
 * @returns calls per second; CPU time of a call in µs and memory in MB where the system tells (Linux); p99 in ms
 */
export async function underLoad(script, call, options = {}) {
  const { env, node = process.execPath, connections = 32, seconds = 3 } = options;
  return await withHttp(node, script, { call, env }, async ({ url, pid }) => {
    const load = (await hasWrk()) ? wrk : cannon;
    await load(url, call, connections, WARM_UP);
    const before = await cpuSeconds(pid);
    const { perSecond, total, failed, p99 } = await load(url, call, connections, seconds);
    if (failed > 0) throw new Error(`${script}: ${failed} calls failed.`);
    const after = await cpuSeconds(pid);
    return {
      perSecond,
      cpu: ((after - before) / total) * 1e6,
      p99,
      memory: await residentMegabytes(pid),
    };
  });
}

async function cannon(url, call, connections, duration) {
  const { requests, latency, non2xx, errors } = await autocannon({
    url,
    ...call,
    connections,
    duration,
  });
  const failed = non2xx + errors;
  return { perSecond: requests.average, total: requests.total, failed, p99: latency.p99 };
}

/** wrk needs a fraction of the CPU time of autocannon, which is as busy as the fastest servers. */
async function wrk(url, { method, headers, body }, connections, seconds) {
  const script = join(tmpdir(), `bench-${process.pid}.lua`);
  const lines = [
    `wrk.method = ${JSON.stringify(method)}`,
    `wrk.body = ${JSON.stringify(body)}`,
    ...Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
  ];
  await writeFile(script, lines.join('\n'));
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '--latency',
    '-s',
    script,
    url,
  ];
  const { stdout: text } = await run('wrk', args);
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  const [, p99 = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  return {
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    total: number(/(\d+) requests in/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/) + number(/timeout (\d+)/),
    p99: Number(p99) * { us: 0.001, ms: 1, s: 1_000 }[unit],
  };
}

let found;
/** `wrk -v` exits with 1. */
function hasWrk() {
  found ??= run('wrk', ['-v']).then(
    () => true,
    ({ code }) => code !== 'ENOENT',
  );
  return found;
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
