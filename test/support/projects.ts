/** Plans of many projects, for tests that look at what is rendered. */
import { fileURLToPath } from 'node:url';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { Plan, ProjectSpec, SpecInput } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { VERSION } from './render.js';

export interface Project {
  /** The choices in short, for messages. */
  readonly label: string;
  readonly spec: ProjectSpec;
  readonly plan: Plan;
}

let catalog: Promise<Catalog> | undefined;

/** The real templates. */
export function realCatalog(): Promise<Catalog> {
  catalog ??= loadCatalog(
    process.env['CREATE_MCP_SERVER_TEMPLATES'] ??
      fileURLToPath(new URL('../../templates', import.meta.url)),
  );
  return catalog;
}

/** One project. Throws a `UsageError` for choices that do not go together. */
export async function planProject(input: SpecInput): Promise<Project> {
  const templates = await realCatalog();
  const spec = resolveSpec({ name: 'demo', ...input }, templates);
  const label = Object.values(spec.choices)
    .map((ids) => ids.join('+'))
    .join(' ');
  return { label, spec, plan: createPlan(templates, spec, VERSION) };
}

/** Every legal combination of these choices; the illegal ones are left out. */
export async function planAll(
  axes: Readonly<Record<string, readonly (string | readonly string[])[]>>,
  input: SpecInput = {},
): Promise<Project[]> {
  const projects: Project[] = [];
  for (const choices of combinations(axes)) {
    try {
      projects.push(await planProject({ ...input, choices }));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return projects;
}

/** The text of a planned file. Throws when it is not planned. */
export function textOf(plan: Plan, path: string): string {
  const contents = plan.get(path)?.contents;
  if (contents === undefined) throw new Error(`${path} is not planned`);
  return typeof contents === 'string' ? contents : Buffer.from(contents).toString('utf8');
}

/** The default of a setting that is a whole number, as the server reads it. Throws unless one file has it. */
export function defaultOf(plan: Plan, name: string): number {
  const pattern = new RegExp(`\\b${name}: int\\(.+?\\)\\.default\\(([\\d_]+)\\)`);
  const sources = [...plan.keys()].filter((path) => /^src\/.*\.ts$/.test(path));
  const found = sources.flatMap((path) => pattern.exec(textOf(plan, path))?.[1] ?? []);
  if (found.length !== 1) throw new Error(`${name} has ${found.length} defaults`);
  return Number(found[0]?.replaceAll('_', ''));
}

/** Whether the plan has this file, or a file in this folder. */
export function hasPath(plan: Plan, path: string): boolean {
  return plan.has(path) || [...plan.keys()].some((file) => file.startsWith(`${path}/`));
}

function combinations(
  axes: Readonly<Record<string, readonly (string | readonly string[])[]>>,
): Record<string, string | readonly string[]>[] {
  return Object.entries(axes).reduce<Record<string, string | readonly string[]>[]>(
    (found, [axis, values]) =>
      found.flatMap((choice) => values.map((value) => ({ ...choice, [axis]: value }))),
    [{}],
  );
}
