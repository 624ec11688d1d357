/**
 * `npm run bench`: what the program and its servers cost, as multiples of what cannot be avoided, measured side by side
 * in one run. A table on stdout; it fails only when something does not work, never because a machine is slow.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchColdStart } from './cold-start.mjs';
import { packInto } from './packed.mjs';
import { benchStdio } from './pipelined.mjs';
import { benchProof } from './prove.mjs';
import { printTable, record } from './report.mjs';
import { benchServer } from './server.mjs';
import { benchStart } from './start.mjs';

const parts = {
  start: benchStart,
  proof: benchProof,
  cold: benchColdStart,
  server: benchServer,
  stdio: benchStdio,
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. Parts: ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-bench-'));
try {
  const { program, bytes } = await packInto(folder);
  record('the tarball', bytes / 1000, { aim: 700, unit: ' kB' });
  for (const [name, bench] of Object.entries(parts)) {
    if (wanted.length === 0 || wanted.includes(name)) await bench(program, folder);
  }
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}\n`);
  printTable();
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
