/** Generated servers under load, beside bare node:http and the plain recipe of the SDK. */
import { join } from 'node:path';
import { underLoad } from './load.mjs';
import { interleave, median, ratio } from './measure.mjs';
import { nodes } from './nodes.mjs';
import { copyWithTools, makeProject } from './projects.mjs';
import { record } from './report.mjs';
import { EVERYDAY, legacy, modern } from './requests.mjs';

const ROUNDS = 3;
const here = (name) => join(import.meta.dirname, name);
const http = (project) => join(project, 'dist/http.js');
const echo = { name: 'echo', arguments: { text: 'hello' } };
const CALL = modern('tools/call', echo);
const LIST = modern('tools/list');
const DISCOVER = modern('server/discover');

/** Records everything; makes the servers first, in `folder`. */
export async function benchServer(program, folder) {
  const flags = ['--transport', 'http', '--starter', 'minimal'];
  const plain = await makeProject(program, join(folder, 'plain'), [...flags, '--auth', 'none']);
  const full = await makeProject(program, join(folder, 'full'), [...flags, '--auth', 'api-key']);
  const hundred = await copyWithTools(plain, join(folder, 'hundred'), 100);
  const thousand = await copyWithTools(plain, join(folder, 'thousand'), 1_000);
  const silent = { env: { LOG_LEVEL: 'silent' } };
  const everything = { env: { LOG_LEVEL: 'info' } };

  for (const [release, node] of await nodes(folder)) {
    const load =
      (script, call, options = silent) =>
      () =>
        underLoad(script, call, { node, ...options });
    await compare(`${release}, tools/call`, {
      bare: load(here('bare.mjs'), CALL),
      'the recipe of the SDK': load(here('recipe.mjs'), CALL),
      'generated, without middleware': load(http(plain), CALL),
      'generated, everything on': load(http(full), CALL, everything),
      'generated, everything on, clients of 2025': load(
        http(full),
        legacy('tools/call', echo),
        everything,
      ),
    });
    const everyday = Object.entries(EVERYDAY).map(([name, call]) => [
      name,
      load(http(plain), call),
    ]);
    await compare(`${release}, what clients send all day`, {
      bare: load(here('bare.mjs'), CALL),
      ...Object.fromEntries(everyday),
    });
    await compare(`${release}, tools/call with 1,000 tools`, {
      'with one tool': load(http(plain), CALL),
      generated: load(http(thousand), CALL),
      'the recipe of the SDK': load(here('recipe.mjs'), CALL, { env: { TOOLS: '1000' } }),
    });
    await compare(`${release}, tools/list with 100 tools`, {
      bare: load(here('bare.mjs'), LIST),
      'the recipe of the SDK': load(here('recipe.mjs'), LIST, { env: { TOOLS: '100' } }),
      generated: load(http(hundred), LIST),
    });
  }
  await benchFigures(program, folder, full);
}

/** What articles about MCP servers tell: absolute figures, of this machine. */
async function benchFigures(program, folder, full) {
  const env = { LOG_LEVEL: 'info' };
  const notes = await makeProject(program, join(folder, 'notes'), ['--transport', 'http']);
  const search = modern('tools/call', { name: 'search_notes', arguments: { query: '' } });
  const figures = {
    'discovery (server/discover)': await underLoad(http(full), DISCOVER, { env }),
    'a simple query (search_notes, SQLite)': await underLoad(http(notes), search, { env }),
    '1,000 connections at once': await underLoad(http(full), CALL, { env, connections: 1_000 }),
  };
  for (const [what, { perSecond, p99, memory }] of Object.entries(figures)) {
    record(`${what}: calls/s`, perSecond, { note: `p99 ${p99} ms, ${Math.round(memory)} MB` });
  }
}

/** Runs all in turn and records each beside the first. */
async function compare(what, variants) {
  const all = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  const rates = await interleave(
    Object.fromEntries(
      Object.entries(variants).map(([name, run]) => [
        name,
        async (round) => {
          const measured = await run();
          if (round >= 0) all[name].push(measured);
          return measured.perSecond;
        },
      ]),
    ),
    ROUNDS,
    0,
  );
  const [base] = Object.keys(variants);
  for (const name of Object.keys(variants)) {
    const of = (key) => median(all[name].map((measured) => measured[key]));
    const cpu = of('cpu') / median(all[base].map((measured) => measured.cpu));
    const note = [
      `${ratio(rates, name, base).toFixed(2)} of ${base}`,
      `CPU ${of('cpu').toFixed(0)} µs a call, × ${cpu.toFixed(1)}`,
      `p99 ${of('p99')} ms`,
      `${Math.round(of('memory'))} MB`,
    ];
    record(`${what}, ${name}: calls/s`, of('perSecond'), { note: note.join(', ') });
  }
}
