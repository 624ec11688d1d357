/** A generated server beside bare node:http: calls per second. */
import { join } from 'node:path';
import autocannon from 'autocannon';
import { interleave, median, ratio, time } from './measure.mjs';
import { CALL, withHttp } from './processes.mjs';
import { record } from './report.mjs';

const ROUNDS = 5;
const LOAD = { connections: 32, duration: 4 };

/** Records both; makes the server first, in `folder`. */
export async function benchServer(program, folder) {
  const project = join(folder, 'served');
  const flags = ['--starter', 'minimal', '--transport', 'http', '--deploy', 'none'];
  await time('node', [program, project, '--yes', '--no-git', ...flags]);
  const rates = await interleave(
    {
      bare: () => callsPerSecond(join(import.meta.dirname, 'bare.mjs')),
      server: () => callsPerSecond(join(project, 'dist/http.js')),
    },
    ROUNDS,
  );
  record('calls/s, bare node:http', median(rates.bare));
  record('calls/s of a small tool, generated', median(rates.server), {
    note: `${ratio(rates, 'server', 'bare').toFixed(2)} of bare`,
  });
}

async function callsPerSecond(script) {
  return withHttp('node', script, async ({ url }) => {
    const { requests, non2xx, errors } = await autocannon({ url, ...CALL, ...LOAD });
    if (non2xx + errors > 0) throw new Error(`${script}: ${non2xx + errors} calls failed.`);
    return requests.average;
  });
}
