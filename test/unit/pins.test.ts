/** What is installed a year later is what was tested: nothing with native code floats, in any package manager. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/model.js';
import { versionsOf } from '../support/package-managers.js';
import { planProject, textOf } from '../support/projects.js';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};
const locked = (name: string) => lock.packages[`node_modules/${name}`];
const EXACT = /^\d+\.\d+\.\d+$/;

async function projectOf(packageManager: string) {
  const { plan } = await planProject({ packageManager, choices: { deploy: ['docker'] } });
  return { plan, manifest: JSON.parse(textOf(plan, 'package.json')) as JsonObject };
}

/** What the project pins, by the rules of its package manager. */
async function pinsOf(packageManager: string): Promise<Record<string, string>> {
  const { plan, manifest } = await projectOf(packageManager);
  const workspace = plan.has('pnpm-workspace.yaml')
    ? (parse(textOf(plan, 'pnpm-workspace.yaml')) as JsonObject)
    : {};
  const pins = (workspace['overrides'] ?? manifest['overrides'] ?? manifest['resolutions']) as
    | Record<string, string>
    | undefined;
  const direct = manifest['devDependencies'] as Record<string, string>;
  return Object.fromEntries(
    Object.entries(pins ?? {}).map(([name, version]) => [
      name,
      version.startsWith('$') ? (direct[version.slice(1)] ?? '') : version,
    ]),
  );
}

describe.each(['npm', 'pnpm', 'yarn', 'bun'])('%s', (packageManager) => {
  it('pins the packages that bring native code, at the versions that our own tests run with', async () => {
    const pins = await pinsOf(packageManager);
    expect(Object.keys(pins)).toContain('vite');
    for (const [name, version] of Object.entries(pins)) {
      expect(version, name).toBe(locked(name)?.version);
    }
  });

  it('leaves no such package to float', async () => {
    const { manifest } = await projectOf(packageManager);
    const pins = await pinsOf(packageManager);
    const seen = new Set<string>();
    const floating: string[] = [];
    const visit = (name: string, range: string) => {
      const found = locked(name);
      if (found?.optionalDependencies && !EXACT.test(range) && !pins[name]) floating.push(name);
      if (found === undefined || seen.has(name)) return;
      seen.add(name);
      for (const [next, wanted] of Object.entries(found.dependencies ?? {})) visit(next, wanted);
    };
    const direct = {
      ...(manifest['dependencies'] as Record<string, string>),
      ...(manifest['devDependencies'] as Record<string, string>),
    };
    for (const [name, range] of Object.entries(direct)) visit(name, range);
    expect([...seen]).toContain('vite');
    expect(floating).toEqual([]);
  });

  it('is itself of one version, the tested one, in the image and in CI', async () => {
    const { plan } = await projectOf(packageManager);
    const text = textOf(plan, 'Dockerfile') + textOf(plan, '.github/workflows/ci.yml');
    const installed = [...text.matchAll(/npm install --global (?:--force )?(\S+?)(?:;|\s)/g)];
    expect(installed.length).toBe(packageManager === 'npm' ? 0 : 2);
    for (const [, spec = ''] of installed) expect(versionsOf(packageManager)).toContain(spec);
  });
});

it('our own lock file has a hash for every package', () => {
  const without = Object.entries(lock.packages).filter(
    // The workspaces are folders of this repository, and links to them.
    ([path, { integrity, link }]) =>
      !['', 'kit'].includes(path) && link !== true && integrity === undefined,
  );
  expect(without.map(([path]) => path)).toEqual([]);
});
