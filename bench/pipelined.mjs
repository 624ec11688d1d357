/** Many calls at once over stdio. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { interleave, median, ratio } from './measure.mjs';
import { makeProject } from './projects.mjs';
import { record } from './report.mjs';
import { modern } from './requests.mjs';

const ROUNDS = 5;
const CALLS = 20_000;

/** Records the calls per second of a generated server beside the SDK's `serveStdio`. */
export async function benchStdio(program, folder) {
  const project = await makeProject(program, join(folder, 'piped'), [
    ...['--transport', 'stdio', '--starter', 'minimal'],
  ]);
  const rates = await interleave(
    {
      bare: () => pipelined(join(import.meta.dirname, 'bare-stdio.mjs')),
      sdk: () => pipelined(join(import.meta.dirname, 'recipe-stdio.mjs')),
      generated: () => pipelined(join(project, 'dist/stdio.js')),
    },
    ROUNDS,
  );
  record('stdio, pipelined calls/s: bare', median(rates.bare));
  record('stdio, pipelined calls/s: serveStdio of the SDK', median(rates.sdk));
  record('stdio, pipelined calls/s: generated', median(rates.generated), {
    note: `${ratio(rates, 'generated', 'sdk').toFixed(2)} × serveStdio, ${ratio(rates, 'generated', 'bare').toFixed(2)} of bare`,
  });
}

/** Calls per second, after as many to warm up. */
async function pipelined(script) {
  const env = { PATH: process.env.PATH, LOG_LEVEL: 'silent' };
  const child = spawn('node', [script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const { body } = modern('tools/call', { name: 'echo', arguments: { text: 'hello' } });
  const lines = Array.from(
    { length: CALLS },
    (_, id) => `${JSON.stringify({ ...JSON.parse(body), id })}\n`,
  ).join('');
  let answered = 0;
  let wanted = 0;
  let done = () => {};
  child.stdout.on('data', (chunk) => {
    for (const byte of chunk) if (byte === 10) answered += 1;
    if (answered >= wanted) done();
  });
  const send = async (text, count) => {
    wanted = answered + count;
    const all = new Promise((resolve) => {
      done = resolve;
    });
    child.stdin.write(text);
    await all;
  };
  await send(lines.slice(0, lines.indexOf('\n') + 1), 1);
  await send(lines, CALLS);
  const started = performance.now();
  await send(lines, CALLS);
  const perSecond = CALLS / ((performance.now() - started) / 1000);
  child.stdin.end();
  await ended;
  return perSecond;
}
