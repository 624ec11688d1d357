import { beforeAll, expect, it } from 'vitest';
import { type Project, planProject, textOf } from '../support/projects.js';
import { parseFly } from '../support/schemas/fly.js';
import { deployedProjects } from './projects.js';

let projects: Project[];

beforeAll(async () => {
  projects = await deployedProjects([['fly'], ['docker', 'fly', 'k8s']]);
});

const fly = async (choices: Record<string, string>) => {
  const { plan } = await planProject({ choices: { deploy: ['fly'], ...choices } });
  return parseFly(textOf(plan, 'fly.toml'));
};

it('is valid for every legal choice, and brings the Dockerfile it names', () => {
  expect(projects.length).toBeGreaterThan(10);
  for (const { label, plan } of projects) {
    const { build, env } = parseFly(textOf(plan, 'fly.toml'));
    expect(plan.has(build.dockerfile), label).toBe(true);
    expect(env, label).toMatchObject({ HOST: '0.0.0.0', PORT: '3000' });
  }
});

it('mounts a volume for an embedded database, and only for one', async () => {
  const sqlite = await fly({ datastore: 'sqlite' });
  expect(sqlite.mounts?.destination).toBe('/data');
  expect(sqlite.env['DATABASE_URL']).toBe('file:/data/demo.db');
  expect((await fly({ datastore: 'postgres' })).mounts).toBeUndefined();
});

it('has no secrets', () => {
  for (const { label, plan } of projects) {
    const names = Object.keys(parseFly(textOf(plan, 'fly.toml')).env);
    expect(
      names.filter((name) => /KEY|SECRET|PASSWORD/.test(name)),
      label,
    ).toEqual([]);
  }
});

it('says which secrets to set, in one command that ends where it should', async () => {
  const { plan } = await planProject({ choices: { deploy: ['fly'], datastore: 'postgres' } });
  const command =
    /^fly secrets set(?:.*\\\n)+.*$/m.exec(textOf(plan, 'docs/operate.md'))?.[0] ?? '';
  expect(command).toContain('MCP_API_KEYS=');
  expect(command).toContain('DATABASE_URL=');
  expect(command.split('\n').at(-1)?.trim()).toBe('--app demo');
});

it('refuses a server that does not know its callers', async () => {
  const spec = { choices: { deploy: ['fly'], auth: 'none' } };
  await expect(planProject(spec)).rejects.toThrow('must know its callers');
});
