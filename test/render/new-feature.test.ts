/** A new choice is one new folder: its flag, its rules, its files, its dependencies and how it is deployed come from there. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCatalog } from '../../src/catalog/load.js';
import { outlineOf } from '../../src/catalog/outline-of.js';
import type { Catalog } from '../../src/catalog/types.js';
import { buildProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/errors.js';
import type { Plan, ProjectSpec } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { reproduceCommand } from '../../src/project-spec/reproduce.js';
import { pairsOf } from '../support/pairwise.js';
import { everySpec, TEMPLATES, textOf, VERSION } from '../support/render.js';

const AXIS = 'datastore';
const TOY = 'toystore';

let folder = '';
let before: Catalog;
let after: Catalog;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'new-feature-'));
  await cp(TEMPLATES, folder, { recursive: true });
  const feature = join(folder, AXIS, TOY);
  // The toy speaks SQL like SQLite, so it takes that one's files; all else about it is what it says of itself.
  await cp(join(TEMPLATES, AXIS, 'sqlite', 'files'), join(feature, 'files'), { recursive: true });
  await rm(join(feature, 'files', 'docs', 'data.md.hbs'));
  await writeFile(join(feature, 'files', 'docs', 'data.md'), '# Toys\n');
  const json = (name: string, content: object) =>
    writeFile(join(feature, name), JSON.stringify(content));
  await json('feature.json', {
    label: 'Toy store',
    hint: 'keeps toys',
    order: 99,
    provides: ['store', 'sql', 'readiness', 'toys'],
    requires: [{ capability: 'stdio', because: 'Toys are kept at home.', instead: 'Add stdio.' }],
    parts: [
      { key: 'store', use: "sqlite({ file: 'data/toys.db' })", from: './kit/store/sqlite.js' },
    ],
    env: [
      {
        name: 'DATABASE_URL',
        description: 'Where the toys are.',
        default: 'file:data/toys.db',
        compose: 'toys://shelf:4242/{name}',
        deploy: 'toys://shelf.example/{name}',
      },
      { name: 'TOY_BOX', description: 'The box.', default: 'red', container: '/box/{name}' },
    ],
    service: {
      id: 'shelf',
      image: 'toys:1',
      port: 4242,
      hostPort: '4243',
      environment: { TOY: 'car' },
      health: ['toys', '--ready'],
      volume: '/var/toys',
    },
    egress: [{ to: 'The shelf', port: 4242 }],
    volume: '/box',
    folders: ['migrations'],
    external: ['toy-store'],
    facts: { sql: { system: 'toys', id: 'TEXT', timestamp: 'TEXT' } },
    smoke: { env: { DATABASE_URL: 'file:{tmp}/smoke.db' } },
    seeds: ['migrations/**'],
    docs: { 'docs/data.md': 'where the toys are' },
    runbook: {
      notReady: 'Are the toys there?',
      errorCodes: 'TOY counts.',
      errorCauses: 'A toy is broken.',
      slowCauses: 'A toy is heavy.',
    },
  });
  await json('package.json', {
    dependencies: { 'toy-store': '1.2.3' },
  });
  await mkdir(join(feature, 'files', 'src'), { recursive: true });
  await writeFile(
    join(feature, 'files', 'src', 'toys.ts.hbs'),
    'export const toys = {{ts name}};\n',
  );
  before = await loadCatalog(TEMPLATES);
  after = await loadCatalog(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resolve = (choices: Record<string, string>) =>
  resolveSpec({ name: 'my-server', choices: { [AXIS]: TOY, ...choices } }, after);

it('is a value of its flag and stands in the help', () => {
  const help = (catalog: Catalog) =>
    buildProgram('create-mcp-server', outlineOf(catalog.axes), () => {})
      .helpInformation()
      .replace(/\s+/g, ' ');
  expect(help(before)).not.toContain(TOY);
  expect(help(after)).toMatch(new RegExp(`--${AXIS} <[^>]*>[^-]*${TOY}`));
});

it('makes a project, with its files, settings and dependencies', () => {
  const spec = resolve({});
  const plan = createPlan(after, spec, VERSION);
  expect(textOf(plan, 'src/toys.ts')).toBe("export const toys = 'my-server';\n");
  expect(plan.get('src/toys.ts')?.origin).toBe(`${AXIS}/${TOY}`);
  expect(plan.get('test/support/database.ts')?.origin).toBe(`${AXIS}/${TOY}`);
  expect(textOf(plan, 'src/parts.ts')).toContain('store: sqlite(');
  expect(plan.get('src/kit/store/sqlite.ts')?.origin).toBe('kit');
  expect(JSON.parse(textOf(plan, 'package.json')).dependencies['toy-store']).toBe('1.2.3');
  expect(textOf(plan, '.env.example')).toContain('Where the toys are.');
  expect(textOf(plan, 'docs/settings.md')).toContain('file:data/toys.db');
  expect(textOf(plan, 'README.md')).toContain(
    '| [docs/data.md](docs/data.md) | where the toys are |',
  );
  expect(JSON.parse(textOf(plan, '.mcp-gen.json')).spec.choices[AXIS]).toBe(TOY);
  expect(reproduceCommand(spec, after, spec.name)).toContain(` --${AXIS} ${TOY} `);
});

it('is deployed by what it says of itself, in every target', () => {
  const deploy = 'docker,fly,k8s';
  const spec = resolve({ transport: 'stdio,http', deploy, observability: 'prometheus' });
  const plan = createPlan(after, spec, VERSION);
  const yaml = (path: string) => parse(textOf(plan, path));

  const { services, volumes } = yaml('compose.yaml');
  expect(services.server).toMatchObject({
    environment: { DATABASE_URL: 'toys://shelf:4242/my-server', TOY_BOX: '/box/my-server' },
    depends_on: { shelf: { condition: 'service_healthy' } },
    volumes: ['data:/box'],
  });
  expect(services.shelf).toMatchObject({
    image: 'toys:1',
    ports: ['127.0.0.1:4243:4242'],
    environment: { TOY: 'car' },
    volumes: ['shelf:/var/toys'],
    healthcheck: { test: ['CMD', 'toys', '--ready'] },
  });
  expect(services.shelf).not.toHaveProperty('command');
  expect(volumes).toEqual({ data: null, shelf: null });

  expect(yaml('.github/workflows/ci.yml').jobs.check.services.shelf).toMatchObject({
    image: 'toys:1',
    env: { TOY: 'car' },
    ports: ['4242:4242'],
    options: expect.stringContaining('--health-cmd "toys --ready"'),
  });
  const { spec: policy } = yaml('deploy/k8s/base/networkpolicy.yaml');
  expect(policy.egress).toContainEqual({ ports: [{ port: 4242, protocol: 'TCP' }] });
  expect(textOf(plan, 'deploy/k8s/base/storage.yaml')).toContain('name: my-server-data');
  expect(textOf(plan, 'deploy/k8s/base/deployment.yaml')).toContain('mountPath: /box');
  expect(textOf(plan, 'deploy/k8s/base/settings.env')).toContain('TOY_BOX=/box/my-server\n');
  expect(textOf(plan, 'fly.toml')).toContain('TOY_BOX = "/box/my-server"\n');
  expect(textOf(plan, 'fly.toml')).toContain('destination = "/box"\n');
  expect(textOf(plan, 'Dockerfile')).toContain('COPY --from=build /app/migrations ./migrations\n');
  expect(textOf(plan, 'Dockerfile')).toContain('ENV TOY_BOX=/box/my-server\n');
  expect(textOf(plan, 'rolldown.config.js')).toContain('external: [/^toy-store/],');

  const guide = textOf(plan, 'docs/operate.md');
  expect(guide).toContain('  DATABASE_URL="toys://shelf.example/my-server" \\\n');
  expect(guide).toContain('--from-literal=DATABASE_URL="toys://shelf.example/my-server" \\\n');
  for (const sentence of ['Are the toys there?', 'TOY counts.', 'A toy is heavy.']) {
    expect(textOf(plan, 'docs/runbook.md')).toContain(`\n  ${sentence}\n`);
  }
});

it('brings its own rules', () => {
  expect(() => resolve({ transport: 'http' })).toThrow(UsageError);
  expect(() => resolve({ transport: 'http' })).toThrow('Toys are kept at home.');
});

it('is a name that projects cannot have any more', () => {
  const named = (catalog: Catalog) => () => resolveSpec({ name: 'toy-store' }, catalog);
  expect(named(before)).not.toThrow();
  expect(named(after)).toThrow('"toy-store" is the name of a package');
});

it('changes nothing about projects that do not choose it', () => {
  const texts = (plan: Plan) => [...plan.keys()].map((path) => `${path}\n${textOf(plan, path)}`);
  const specs = everySpec(before).filter((_, index) => index % 25 === 0);
  expect(specs.length).toBeGreaterThan(20);
  for (const spec of specs) {
    expect(texts(createPlan(after, spec, VERSION))).toEqual(
      texts(createPlan(before, spec, VERSION)),
    );
  }
  const withToy = everySpec(after).filter((spec) => spec.choices[AXIS]?.includes(TOY));
  // What stood beside each other still does.
  const pairs = (specs: readonly ProjectSpec[]) =>
    new Set(specs.flatMap((spec) => pairsOf(after, spec)));
  const [were, are] = [pairs(everySpec(before)), pairs(everySpec(after))];
  expect([...were].filter((pair) => !are.has(pair))).toEqual([]);
  expect(withToy.length).toBeGreaterThan(50);
});
