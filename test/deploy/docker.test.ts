import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hasPath, type Project, planProject, textOf } from '../support/projects.js';
import { type ComposeFile, composeProblems } from '../support/schemas/compose.js';
import { dockerfileProblems } from '../support/schemas/dockerfile.js';
import { deployedProjects, lockFiles, packageManagers } from './projects.js';

let projects: Project[];

beforeAll(async () => {
  projects = await deployedProjects([['docker'], ['fly'], ['k8s']], packageManagers);
});

const compose = async (choices: Record<string, string | readonly string[]>) => {
  const { plan } = await planProject({ choices: { deploy: ['docker'], ...choices } });
  return parse(textOf(plan, 'compose.yaml')) as ComposeFile;
};

describe('Dockerfile', () => {
  it('is valid for every legal choice, and copies only what is there', () => {
    expect(projects.length).toBeGreaterThan(100);
    for (const { label, plan, spec } of projects) {
      const exists = (path: string) =>
        hasPath(plan, path) || path === lockFiles[spec.packageManager];
      expect(dockerfileProblems(textOf(plan, 'Dockerfile'), exists), label).toEqual([]);
    }
  });

  it('comes with any target that runs an image, and only then', async () => {
    const without = await planProject({ choices: { deploy: ['none'] } });
    expect(without.plan.has('Dockerfile')).toBe(false);
    expect(without.plan.has('.dockerignore')).toBe(false);
    for (const { label, plan } of projects) {
      expect(plan.has('Dockerfile') && plan.has('.dockerignore'), label).toBe(true);
    }
  });

  it('installs the package manager that CI installs', () => {
    const found = new Set<string>();
    for (const { label, plan, spec } of projects) {
      const [, command] =
        /^ {6}- run: (.*\bnpm install --global .*)$/m.exec(
          textOf(plan, '.github/workflows/ci.yml'),
        ) ?? [];
      if (command === undefined) continue;
      found.add(spec.packageManager);
      expect(textOf(plan, 'Dockerfile').split('\n'), label).toContain(`RUN ${command}`);
    }
    expect([...found].sort()).toEqual(['bun', 'pnpm', 'yarn']);
  });

  it('keeps secrets, history and build results out of the image', () => {
    // A pattern without **/ is for the top folder alone, other than in .gitignore.
    for (const { label, plan } of projects) {
      const lines = textOf(plan, '.dockerignore').split('\n');
      expect(lines, label).toEqual(
        expect.arrayContaining([
          ...['**/.git', '**/.env', '**/.env.*', '**/node_modules', '**/*.log'],
          ...['dist', 'data'],
        ]),
      );
    }
  });
});

describe('compose.yaml', () => {
  it('is valid for every legal choice', () => {
    for (const { label, plan } of projects) {
      if (!plan.has('compose.yaml')) continue;
      expect(composeProblems(textOf(plan, 'compose.yaml')), label).toEqual([]);
    }
  });

  it('runs the server without rights on a read-only file system', async () => {
    const { server } = (await compose({ auth: 'api-key' })).services;
    expect(server).toMatchObject({
      init: true,
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      env_file: [{ path: '.env', required: false }],
    });
  });

  it('allows unauthenticated calls only where auth is none', async () => {
    for (const [auth, expected] of [
      ['none', 'true'],
      ['api-key', undefined],
      ['jwt', undefined],
    ] as const) {
      const { server } = (await compose({ auth })).services;
      expect(server?.environment?.['ALLOW_UNAUTHENTICATED'], auth).toBe(expected);
    }
  });

  it('keeps an embedded database on a volume', async () => {
    const file = await compose({ datastore: 'sqlite' });
    expect(file.services['server']).toMatchObject({
      volumes: ['data:/data'],
      environment: { DATABASE_URL: 'file:/data/demo.db' },
    });
    expect(file.volumes).toHaveProperty('data');
  });

  it('starts a database server first, and waits until it is healthy', async () => {
    const file = await compose({ datastore: 'postgres' });
    expect(file.services['server']).toMatchObject({
      depends_on: { db: { condition: 'service_healthy' } },
    });
    expect(file.services['db']).toHaveProperty('healthcheck');
  });
});
