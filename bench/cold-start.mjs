/** How long a generated server takes to its first answer, and its memory then, beside servers that do nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { interleave, median, ratio } from './measure.mjs';
import { nodes } from './nodes.mjs';
import { withHttp, withStdio } from './processes.mjs';
import { makeProject } from './projects.mjs';
import { record } from './report.mjs';
import { OPENINGS } from './requests.mjs';

const STARTS = 11;
/** What is loaded in the background after the first answer counts, too (milliseconds). */
const SETTLE = 2_000;

/** As in a fresh container: nothing is compiled yet. */
const FRESH = { NODE_DISABLE_COMPILE_CACHE: '1' };

/** Records all multiples, on this release of Node.js and on a newer one; makes the server first, in `folder`. */
export async function benchColdStart(program, folder) {
  const project = join(folder, 'started');
  const flags = ['--starter', 'minimal', '--transport', 'stdio,http'];
  await makeProject(program, project, flags);
  for (const [release, node] of await nodes(folder)) {
    await compare(`${release}, HTTP`, 1.6, withHttp, node, {
      bare: join(import.meta.dirname, 'bare.mjs'),
      server: join(project, 'dist/http.js'),
    });
    await compare(`${release}, stdio`, 3, withStdio, node, {
      bare: join(import.meta.dirname, 'bare-stdio.mjs'),
      server: join(project, 'dist/stdio.js'),
    });
    for (const [client, opening] of Object.entries(OPENINGS)) {
      const http = {
        bare: join(import.meta.dirname, 'bare.mjs'),
        server: join(project, 'dist/http.js'),
      };
      const stdio = {
        bare: join(import.meta.dirname, 'bare-stdio.mjs'),
        server: join(project, 'dist/stdio.js'),
      };
      const where = `${release}, ${client}`;
      await compareOpening(`${where}, HTTP`, 2, withHttp, node, http, { call: opening });
      const fresh = { call: opening, env: FRESH };
      await compareOpening(
        `${where}, HTTP without compile cache`,
        2.5,
        withHttp,
        node,
        http,
        fresh,
      );
      await compareOpening(`${where}, stdio`, 3, withStdio, node, stdio, { call: opening });
    }
  }
}

async function compare(where, aim, withServer, node, { bare, server }) {
  const memory = { bare: [], server: [] };
  const start = (name, script) => (round) =>
    withServer(node, script, {}, async ({ pid, ms }) => {
      await sleep(SETTLE);
      if (round >= 0) memory[name].push(await residentMegabytes(pid));
      return ms;
    });
  const starts = await interleave(
    { bare: start('bare', bare), server: start('server', server) },
    STARTS,
  );
  const note = (numbers, unit) =>
    `${Math.round(median(numbers.server))} ${unit} beside ${Math.round(median(numbers.bare))}`;
  const cold = ratio(starts, 'server', 'bare');
  record(`${where}: cold start to the first answer, × bare`, cold, {
    aim,
    note: note(starts, 'ms'),
  });
  if (memory.bare.includes(undefined)) return;
  record(`${where}: memory after it, × bare`, ratio(memory, 'server', 'bare'), {
    aim: 1.5,
    note: note(memory, 'MB'),
  });
}

/** Records the time until a client has the list of tools. */
async function compareOpening(where, aim, withServer, node, { bare, server }, options) {
  const start = (script) => () => withServer(node, script, options, async ({ ms }) => ms);
  const starts = await interleave({ bare: start(bare), server: start(server) }, STARTS);
  record(`${where}: cold start to the list of tools, × bare`, ratio(starts, 'server', 'bare'), {
    aim,
    note: `${Math.round(median(starts.server))} ms beside ${Math.round(median(starts.bare))}`,
  });
}

/** What only Linux says; `undefined` elsewhere. */
async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  return kilobytes && Number(kilobytes) / 1000;
}
