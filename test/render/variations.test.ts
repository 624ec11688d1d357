/**
 * What owners do to a new project leaves it sound: they delete examples, extend it as `docs/extend.md` says and add
 * tools. Each variation passes `npm run check`, with the libraries of this repository.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { addTool } from '../../src/add/add-tool.js';
import type { SpecInput } from '../../src/model.js';
import { syncKit } from '../../src/upkeep/sync-kit.js';
import { biome } from '../support/biome.js';
import { cleanEnv } from '../support/cli.js';
import { leftOut } from '../support/left-out.js';
import { planProject, realCatalog, textOf } from '../support/projects.js';
import { VERSION } from '../support/render.js';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** The files of a project, by path. */
type Project = Map<string, string>;

const CHOICES = {
  starter: 'minimal',
  transport: ['stdio', 'http'],
  auth: 'none',
  datastore: 'none',
  deploy: 'none',
};
const EMPTY = 'export {};\n';

async function newProject(choices: SpecInput['choices'] = {}): Promise<Project> {
  const { plan } = await planProject({ choices: { ...CHOICES, ...choices } });
  return new Map([...plan.keys()].map((path) => [path, textOf(plan, path)]));
}

async function written(project: Project): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'variation-'));
  folders.push(folder);
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of project) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function expectSound(folder: string): Promise<void> {
  const { exitCode, all } = await execa('npm', ['run', 'check'], {
    cwd: folder,
    env: { ...cleanEnv(), NO_COLOR: '1' },
    extendEnv: false,
    all: true,
    reject: false,
  });
  expect(exitCode === 0 ? '' : all).toBe('');
  expect(all).toMatch(/Tests\s+\d+ passed/);
}

/** The address of a server that answers everything, in the place of those that examples depend on. */
async function answering(): Promise<string> {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** Replaces a text that has to be there. */
function edit(project: Project, path: string, from: string, to: string): void {
  const text = project.get(path);
  if (!text?.includes(from)) throw new Error(`${path} does not have ${from}`);
  project.set(
    path,
    text.replace(from, () => to),
  );
}

function remove(project: Project, ...paths: string[]): void {
  for (const path of paths) {
    if (!project.delete(path)) throw new Error(`There is no ${path}.`);
  }
}

function withoutResources(project: Project): void {
  remove(project, 'src/resources/time-zone.ts', 'src/resources/time-zones.ts');
  remove(project, 'test/resources.test.ts');
  project.set('src/resources/index.ts', EMPTY);
}

function withoutPrompts(project: Project): void {
  remove(project, 'src/prompts/plan-meeting.ts', 'test/prompts.test.ts');
  project.set('src/prompts/index.ts', EMPTY);
}

const VARIATIONS: Readonly<Record<string, (project: Project) => void>> = {
  'without resources': withoutResources,
  'without prompts': withoutPrompts,
  'with one tool and nothing else': (project) => {
    withoutResources(project);
    withoutPrompts(project);
  },
  'with a resource template and no fixed resource': (project) => {
    remove(project, 'src/resources/time-zones.ts');
    edit(project, 'src/resources/index.ts', "export { timeZones } from './time-zones.js';\n", '');
    const test = 'test/resources.test.ts';
    edit(project, test, "const all = await client.readResource({ uri: 'time://zones' });", '');
    const list =
      "expect(all.contents[0]).toMatchObject({ text: expect.stringContaining('Europe/Paris') });";
    edit(project, test, `\n  \n  ${list}`, '');
  },
};

/** The third one has both. */
const NIGHTLY = ['without resources', 'without prompts'];
const isFull = process.env['FULL'] === '1';
if (!isFull)
  leftOut(
    `projects ${NIGHTLY.join(', and ')}`,
    'one without both is checked; `.ci/run --full` has them',
  );

describe('a project is sound', () => {
  it.each(Object.entries(VARIATIONS).filter(([name]) => isFull || !NIGHTLY.includes(name)))(
    '%s',
    async (_, vary) => {
      const project = await newProject();
      vary(project);
      await expectSound(await written(project));
    },
    180_000,
  );

  it('as docs/extend.md extends it, and with a tool that was added', async () => {
    const project = await newProject({ auth: 'api-key' });
    const blocks = [...(project.get('docs/extend.md') ?? '').matchAll(/^```ts\n(.*?)^```$/gms)];
    expect(blocks.length).toBeGreaterThan(6);
    const standIn = await answering();
    for (const [, code = ''] of blocks) {
      take(project, code.replaceAll(/https:\/\/\w+\.example/g, standIn));
    }
    edit(project, 'src/parts.ts', 'auth: apiKeys()', 'auth: [partnerKey(), apiKeys()]');
    edit(
      project,
      'src/parts.ts',
      'import { shop }',
      "import { partnerKey } from './partner.js';\nimport { shop }",
    );
    const settings = [
      'PAGE_SIZE=20',
      'SUPPORT_EMAIL=',
      `SHOP_URL=${standIn}`,

      'PARTNER_KEY=',
    ];
    project.set(
      '.env.example',
      `${project.get('.env.example')}${settings.map((line) => `# ${line}\n`).join('')}`,
    );
    const folder = await written(project);
    // The imports of what is joined are not sorted.
    await biome(folder, 'check', '--write', 'src/server.ts', 'src/parts.ts');
    const kit = await syncKit({
      cwd: folder,
      catalog: await realCatalog(),
      version: VERSION,
      check: false,
      prune: false,
    });
    expect(kit.added).toContain('src/kit/outbound/http-api.ts');
    await addTool({
      name: 'search_orders',
      description: 'Finds orders.',
      params: ['customer:string:Customer id', 'limit:int=20:How many'],
      readOnly: true,
      scopes: ['orders:read'],
      cwd: folder,
      catalog: await realCatalog(),
    });
    await expectSound(folder);
  }, 180_000);
});

/** Writes a block of code to the file that its first line names; what stands for a part of a file joins what is there. */
function take(project: Project, code: string): void {
  const [, path = '', text = ''] = /^\/\/ (src\/\S+\.ts)\n(.*)$/s.exec(code) ?? [];
  if (path === '') throw new Error(`No file is named: ${code}`);
  const [, imports, properties] = /^(.*?\n)\n.*\{\n *\/\/ …\n(.*\n) *\}\);\n$/s.exec(text) ?? [];
  if (imports === undefined || properties === undefined) {
    project.set(path, text);
    return;
  }
  const known = project.get(path) ?? '';
  const end = known.lastIndexOf('\n', known.lastIndexOf('});')) + 1;
  const at = known.lastIndexOf('\nimport ');
  const importEnd = known.indexOf('\n', at + 1) + 1;
  project.set(
    path,
    known.slice(0, importEnd) +
      imports +
      known.slice(importEnd, end) +
      properties +
      known.slice(end),
  );
}
