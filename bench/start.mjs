/** What the program costs before it does anything, and to write a project. */
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { interleave, median, ratio, time } from './measure.mjs';
import { record } from './report.mjs';

const ROUNDS = 25;

/** Records the multiples of `node -e 0`; says what is loaded where an aim is missed. */
export async function benchStart(program, folder) {
  const target = join(folder, 'written');
  const write = ['create', '--yes', '--no-install', '--no-git'].slice(1);
  const numbers = await interleave(
    {
      node: () => time('node', ['-e', '0']),
      help: () => time('node', [program, '--help']),
      write: async () => {
        const ms = await time('node', [program, target, ...write]);
        await rm(target, { recursive: true });
        return ms;
      },
    },
    ROUNDS,
    3,
  );
  const ms = (name) => `${Math.round(median(numbers[name]))} ms`;
  record('node -e 0', median(numbers.node), { unit: ' ms' });
  const help = record('--help, as a multiple of node -e 0', ratio(numbers, 'help', 'node'), {
    aim: 1.3,
    note: ms('help'),
  });
  const written = record(
    'create --yes --no-install --no-git, as a multiple of node -e 0',
    ratio(numbers, 'write', 'node'),
    { aim: 2.5, note: ms('write') },
  );
  if (!help) await profile(folder, [program, '--help']);
  if (!written) await profile(folder, [program, target, ...write]);
  await rm(target, { recursive: true, force: true });
}

/** The functions that most time is spent in, from V8's own profiler. */
async function profile(folder, args) {
  const file = join(folder, 'profile.cpuprofile');
  const flags = ['--cpu-prof', '--cpu-prof-interval=100', '--cpu-prof-dir', folder];
  execFileSync('node', [...flags, '--cpu-prof-name=profile.cpuprofile', ...args], {
    stdio: 'ignore',
  });
  const { readFile } = await import('node:fs/promises');
  const { nodes, samples, timeDeltas } = JSON.parse(await readFile(file, 'utf8'));
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const spent = new Map();
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = byId.get(id);
    const place = `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${lineNumber}`;
    spent.set(place, (spent.get(place) ?? 0) + timeDeltas[index] / 1000);
  });
  console.error(`  where ${args.slice(1).join(' ')} spends its time:`);
  const worst = [...spent].sort((a, b) => b[1] - a[1]).slice(0, 15);
  for (const [place, ms] of worst) console.error(`  ${ms.toFixed(1).padStart(7)} ms  ${place}`);
  await writeFile(file, '');
}
