import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Project, planAll, planProject, textOf } from '../support/projects.js';
import { parseDependabot, workflowProblems } from '../support/schemas/workflow.js';
import { packageManagers } from './projects.js';

const WORKFLOW = '.github/workflows/ci.yml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly Step[]; readonly 'timeout-minutes': number }>
  >;
}

let projects: Project[];

beforeAll(async () => {
  projects = await planAll({
    transport: [['stdio'], ['stdio', 'http']],
    datastore: ['none', 'sqlite', 'postgres'],
    starter: ['minimal', 'notes'],
    deploy: [['none'], ['docker']],
    'package-manager': packageManagers,
  });
});

describe('ci.yml', () => {
  it('is a workflow for every legal choice', async () => {
    expect(projects.length).toBeGreaterThan(20);
    const seen = new Set<string>();
    for (const { label, plan } of projects) {
      const text = textOf(plan, WORKFLOW);
      if (seen.has(text)) continue;
      seen.add(text);
      expect(await workflowProblems(text), label).toEqual([]);
    }
  });

  it('keeps the expressions that GitHub evaluates', () => {
    for (const { label, plan } of projects) {
      const text = textOf(plan, WORKFLOW);
      expect(text, label).toMatch(/node-version: \$\{\{ matrix\.node \}\}/);
      expect(text, label).toMatch(/group: ci-\$\{\{ github\.ref \}\}/);
    }
  });

  it('may only read, and every job ends', () => {
    for (const { label, plan } of projects) {
      const workflow = parse(textOf(plan, WORKFLOW)) as Workflow;
      expect(workflow.permissions, label).toEqual({ contents: 'read' });
      for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBe(15);
    }
  });

  it.each([
    ['npm', 'npm ci', 'npm'],
    ['pnpm', 'pnpm install --frozen-lockfile', 'pnpm'],
    ['yarn', 'yarn install --frozen-lockfile', 'yarn'],
    ['bun', 'bun install --frozen-lockfile', undefined],
  ])('installs with %s from the lock file', async (packageManager, install, cache) => {
    const { plan } = await planProject({ packageManager });
    const { jobs } = parse(textOf(plan, WORKFLOW)) as Workflow;
    const steps = jobs['check']?.steps ?? [];
    expect(steps.map((step) => step.run)).toContain(install);
    const node = steps.find((step) => step.uses?.startsWith('actions/setup-node@'));
    expect(node?.with?.['cache']).toBe(cache);
    // setup-node asks the package manager for its cache folder, so it must be there by then.
    const setup = steps.findIndex((step) => step.run?.includes('--global'));
    expect(setup).toBeLessThan(steps.indexOf(node as Step));
  });

  it('builds the image where there is one', () => {
    for (const { label, plan } of projects) {
      const { jobs } = parse(textOf(plan, WORKFLOW)) as Workflow;
      expect('image' in jobs, label).toBe(plan.has('Dockerfile'));
    }
  });
});

it('dependabot.yml watches what the project has', () => {
  for (const { label, plan, spec } of projects) {
    const expected = [spec.packageManager === 'bun' ? 'bun' : 'npm', 'github-actions'];
    if (plan.has('Dockerfile')) expected.push('docker');
    expect(parseDependabot(textOf(plan, '.github/dependabot.yml')), label).toEqual(expected);
  }
});

it('.gitignore keeps secrets and local data out of the repository', () => {
  for (const { label, plan } of projects) {
    const lines = textOf(plan, '.gitignore').split('\n');
    const wanted = ['.env', '.env.*', '!.env.example', 'node_modules/', 'dist/', 'data/'];
    expect(lines, label).toEqual(expect.arrayContaining(wanted));
  }
});
