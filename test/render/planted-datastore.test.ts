/** One file of the kit and one folder of templates are another datastore, wherever servers are deployed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import type { Plan, SpecInput } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { type Planted, plantDatastore } from '../support/planted-datastore.js';
import { textOf, VERSION } from '../support/render.js';
import { type ComposeFile, composeProblems } from '../support/schemas/compose.js';
import { dockerfileProblems } from '../support/schemas/dockerfile.js';
import { parseFly } from '../support/schemas/fly.js';
import { manifestProblems, parseManifests } from '../support/schemas/kubernetes.js';
import { workflowProblems } from '../support/schemas/workflow.js';

let planted: Planted;
let catalog: Catalog;
beforeAll(async () => {
  planted = await plantDatastore();
  catalog = await loadCatalog(planted.templates, planted.kit);
});
afterAll(() => planted?.remove());

function plan(choices: NonNullable<SpecInput['choices']>): Plan {
  const all = { transport: ['stdio', 'http'], auth: 'jwt', datastore: 'toysql', ...choices };
  return createPlan(catalog, resolveSpec({ name: 'toys', choices: all }, catalog), VERSION);
}

describe.each(['notes', 'minimal'])('a project with the starter %s', (starter) => {
  it.each(['none', 'docker', 'fly', 'k8s'])('and the deploy target %s has it', (deploy) => {
    const made = plan({ starter, deploy });
    expect(made.get('src/kit/store/toysql.ts')?.origin).toBe('kit');
    expect(made.has('src/kit/store/postgres.ts')).toBe(false);
    expect(textOf(made, 'src/parts.ts')).toContain('store: toysql(');
    expect(textOf(made, '.env.example')).toContain('toysql://user:password@host:7654/');
    expect(textOf(made, 'README.md')).toContain('ToySQL');
    for (const path of made.keys()) {
      if (path.startsWith('src/kit/')) continue;
      expect(textOf(made, path), path).not.toMatch(/postgres|\b5432\b/i);
    }
  });
});

it('Compose has a service for it, which the server waits for', () => {
  const made = plan({ starter: 'notes', deploy: 'docker' });
  expect(dockerfileProblems(textOf(made, 'Dockerfile'), () => true)).toEqual([]);
  const text = textOf(made, 'compose.yaml');
  expect(composeProblems(text)).toEqual([]);
  const { services } = parse(text) as ComposeFile;
  const images = Object.values(services).map(({ image }) => image);
  expect(images).toContainEqual(expect.stringMatching(/^toysql:/));
  expect(text).toMatch(/DATABASE_URL: .*toysql:\/\//);
});

it('Kubernetes lets the server reach it', () => {
  const made = plan({ starter: 'notes', deploy: 'k8s' });
  const manifests = [...made.keys()]
    .filter((path) => /^deploy\/k8s\/base\/.*\.yaml$/.test(path) && !path.includes('kustomiz'))
    .flatMap((path) => parseManifests(textOf(made, path)));
  expect(manifests.length).toBeGreaterThan(3);
  for (const manifest of manifests) expect(manifestProblems(manifest)).toEqual([]);
  expect(JSON.stringify(manifests)).toContain('"port":7654');
});

it('Fly.io is told of its address, and CI has one', async () => {
  const made = plan({ starter: 'notes', deploy: 'fly' });
  expect(() => parseFly(textOf(made, 'fly.toml'))).not.toThrow();
  const pages = [...made.keys()].filter((path) => path.endsWith('.md'));
  const texts = pages.map((path) => textOf(made, path)).join('\n');
  expect(texts).toContain('DATABASE_URL="toysql://');
  const workflow = textOf(made, '.github/workflows/ci.yml');
  expect(await workflowProblems(workflow)).toEqual([]);
  expect(workflow).toMatch(/image: toysql:/);
}, 30_000);
