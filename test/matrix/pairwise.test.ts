/**
 * Tier 2: projects that are made by the packed program, installed by their own package manager, built and smoked, then
 * linted, and with one more tool (`add-tool`) checked and tested as a whole. Every choice is among them, with
 * `FULL=1` every two choices beside each other.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it, type TestContext } from 'vitest';
import type { ProjectSpec } from '../../src/model.js';
import { chosenFeatures } from '../../src/plan/choose.js';
import { packageManagerOf } from '../../src/steps/package-manager.js';
import { databaseServers } from '../support/databases.js';
import { imageOf } from '../support/image.js';
import { INSTALLED_TOGETHER, interactingSpecs } from '../support/interactions.js';
import { leftOut } from '../support/left-out.js';
import { binFolderOf, versionsOf } from '../support/package-managers.js';
import { pairwiseSpecs } from '../support/pairwise.js';
import { realCatalog } from '../support/projects.js';
import { Workshop } from '../support/workshop.js';

const ADD_TOOL = [
  ...['add-tool', 'search_orders', '--description', 'Finds orders, "newest" first.', '--read-only'],
  ...['--param', 'customer:string:Customer id', '--param', 'limit:int=20:How many'],
  ...['--param', 'state:enum(open,paid)?'],
];

const catalog = await realCatalog();
const specs =
  process.env['FULL'] === '1'
    ? pairwiseSpecs(catalog)
    : interactingSpecs(catalog, INSTALLED_TOGETHER);
if (process.env['FULL'] !== '1') {
  leftOut(
    'real projects with the other pairs of choices',
    'their types are checked in the step "tests"; `.ci/run --full` makes them all',
  );
}
const cases = specs.map((spec, index, all) => {
  const flags = Object.entries(spec.choices).flatMap(([axis, ids]) => [`--${axis}`, ids.join(',')]);
  const earlier = all.slice(0, index).filter((one) => one.packageManager === spec.packageManager);
  const versions = versionsOf(spec.packageManager);
  const version = versions[earlier.length % versions.length];
  const title = Object.values(spec.choices).map((ids) => ids.join(','));
  return { spec, flags, version, title: `${title.join(' ')} (${version ?? 'the npm of Node.js'})` };
});

describe('projects', () => {
  it.concurrent.for(cases.map((one) => [one.title, one] as const))(
    '%s',
    async ([title, project], context) => {
      const { spec, flags, version } = project;
      const server = databaseServers[spec.choices['datastore']?.[0] ?? ''];
      const why = server?.why ?? null;
      if (why !== null) leftOut(`tests and store checks of ${title}`, why);
      const isComplete = why === null;
      const env: Record<string, string> = {};
      if (server && isComplete) {
        const { url, drop } = await server.create();
        context.onTestFinished(drop);
        env['DATABASE_URL'] = url;
      }
      const workshop = new Workshop(version ? [await binFolderOf(version)] : [], env);
      context.onTestFinished(() => workshop.remove());

      const directory = path.join(workshop.folder, 'my server');
      const { create, gen } = inject('packed');
      const strict = isComplete ? ['--strict'] : [];
      const made = await workshop.run(
        ['node', create, directory, '--name', 'my-server', '--yes', '--json', ...strict, ...flags],
        { timeoutMs: 300_000 },
      );
      const { steps, warnings } = JSON.parse(made) as Report;
      expect(Object.fromEntries(steps.map(({ name, status }) => [name, status]))).toEqual({
        write: 'ok',
        install: 'ok',
        build: 'ok',
        smoke: isComplete ? 'ok' : 'unproven',
        git: 'ok',
      });
      if (isComplete) expect(warnings).toEqual([]);

      const { run: script, lockfile, ci } = manager(spec);
      expect(existsSync(path.join(directory, lockfile)), lockfile).toBe(true);
      const inProject = { cwd: directory };
      // As CI and the Dockerfile do. It builds nothing, so dist/ stays.
      await workshop.run(ci.split(' '), inProject);
      if (existsSync(path.join(directory, 'Dockerfile')))
        await expectSmallImage(directory, context);
      // What `check` does is done once, with the tool that is added.
      expect(await workshop.run(['git', 'status', '--porcelain'], inProject)).toBe('');

      await workshop.run(['node', gen, ...ADD_TOOL], inProject);
      await workshop.run([...script, isComplete ? 'check' : 'lint'], inProject);
      if (!isComplete) await workshop.run([...script, 'build'], inProject);
      const proof = await workshop.run(['node', gen, 'smoke', '--json', ...strict], inProject);
      expect(JSON.parse(proof)).toMatchObject({ ok: true });
    },
  );
});

interface Report {
  readonly steps: readonly { readonly name: string; readonly status: string }[];
  readonly warnings: readonly string[];
}

/** Whatever installed the packages: the image has those that are outside of the bundle, and no others. */
async function expectSmallImage(project: string, context: TestContext): Promise<void> {
  const image = await imageOf(project, context.onTestFinished);
  await rm(path.join(project, 'external'), { recursive: true });
  const bundled = await readFile(path.join(project, 'rolldown.config.js'), 'utf8');
  const modules = await readdir(path.join(image, 'node_modules'));
  expect(modules.includes('libsql')).toBe(bundled.includes('external: [/^libsql/]'));
  expect(modules).not.toContain('pino');
}

function manager(spec: ProjectSpec): { run: readonly string[]; lockfile: string; ci: string } {
  const feature = chosenFeatures(catalog, spec).find(({ id }) => id === spec.packageManager);
  if (!feature) throw new Error(`${spec.packageManager} is not a feature.`);
  const { run, lockfile, ciText } = packageManagerOf(feature);
  return { run, lockfile, ci: ciText };
}
