/**
 * Tier 1: the compiler reads generated projects, before anything is installed for them. They share one installation and
 * one run of `tsc`, so that the libraries are read and checked once.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import type { Plan, ProjectSpec } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { cachedInstall } from '../support/install-cache.js';
import { interactingSpecs } from '../support/interactions.js';
import { plantDatastore } from '../support/planted-datastore.js';
import { realCatalog } from '../support/projects.js';
import { textOf, VERSION } from '../support/render.js';

interface Project {
  /** Its choices, and its folder. */
  readonly name: string;
  readonly plan: Plan;
}

let folder = '';
let catalog: Catalog;
let projects: Project[] = [];

beforeAll(async () => {
  catalog = await realCatalog();
  projects = interactingSpecs(catalog).map((spec) => projectOf(catalog, spec));
  // So do those with a datastore that somebody adds.
  const { templates, kit, remove } = await plantDatastore();
  const planted = await loadCatalog(templates, kit).finally(remove);
  for (const starter of ['notes', 'minimal']) {
    const choices = {
      datastore: 'toysql',
      starter,
      observability: ['prometheus', 'opentelemetry'],
    };
    projects.push(projectOf(planted, resolveSpec({ name: 'planted', choices }, planted)));
  }
  const modules = await cachedInstall('generated-types', unionOfDependencies());
  folder = await mkdtemp(join(tmpdir(), 'types-'));
  await symlink(modules, join(folder, 'node_modules'));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function projectOf(from: Catalog, spec: ProjectSpec): Project {
  const choices = Object.values(spec.choices).map((ids) => ids.join('+'));
  return { name: choices.join('_'), plan: createPlan(from, spec, VERSION) };
}

/** One installation for all. Throws when two projects want different versions. */
function unionOfDependencies(): Record<string, string> {
  const union: Record<string, string> = {};
  for (const { name, plan } of projects) {
    const { dependencies, devDependencies } = JSON.parse(textOf(plan, 'package.json'));
    for (const [dependency, version] of Object.entries<string>({
      ...dependencies,
      ...devDependencies,
    })) {
      union[dependency] ??= version;
      if (union[dependency] !== version) {
        throw new Error(`${name} wants ${dependency} ${version}, another ${union[dependency]}`);
      }
    }
  }
  return union;
}

/** The lines that `tsc` prints about these files by path, with the settings of the projects. */
async function compile(files: ReadonlyMap<string, string>): Promise<string[]> {
  const settings = new Set(projects.map(({ plan }) => textOf(plan, 'tsconfig.json')));
  expect(settings.size).toBe(1);
  const { include, ...rest } = JSON.parse([...settings][0] ?? '{}');
  const paths = (include as string[]).map((path) => `*/${path}`);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...rest, include: paths }));
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  // Each checker reads the libraries' types for itself: two instead of four save a fifth of the CPU time.
  const args = [tsc, '--pretty', 'false', '--checkers', '2'];
  try {
    await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
    });
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return (stdout + stderr || String(error)).trim().split('\n');
  }
}

/** A mistake in a template is an error in many projects: once is enough, with the number of the others. */
function eachOnce(lines: readonly string[]): string[] {
  const seen = new Map<string, { line: string; times: number }>();
  for (const line of lines) {
    const error = line.replace(/^[^/]*\//, '').replace(/\(\d+,\d+\)/, '');
    const known = seen.get(error);
    seen.set(error, { line: known?.line ?? line, times: (known?.times ?? 0) + 1 });
  }
  return [...seen.values()].map(({ line, times }) => `${line} (in ${times} places)`);
}

it('finds no error in any of them, and the one that was planted beside them', async () => {
  expect(projects.length).toBeGreaterThan(10);
  // Each starter on each of its stores, and what else meets in pairs.
  expect(projects.length).toBeLessThanOrEqual(64);
  const files = new Map(
    projects.flatMap(({ name, plan }) =>
      [...plan.keys()]
        .filter((path) => /\.(?:ts|json)$/.test(path) && path !== 'tsconfig.json')
        .map((path) => [`${name}/${path}`, textOf(plan, path)] as const),
    ),
  );
  files.set('planted/package.json', '{ "type": "module" }\n');
  files.set('planted/src/wrong.ts', "export const wrong: number = 'text';\n");
  const isPlanted = (line: string) => line.startsWith('planted/src/wrong.ts(1,14): error TS2322: ');
  const lines = await compile(files);
  expect(eachOnce(lines.filter((line) => !isPlanted(line))).slice(0, 20)).toEqual([]);
  expect(lines.some(isPlanted)).toBe(true);
  // 20 s of CPU time; as long as it takes on a machine that does much else.
}, 300_000);
