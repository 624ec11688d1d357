/** The bundle of a generated server: what it needs, what it leaves behind, and what it says about itself. */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eras, hostileEnv, hostileProject, messageOf, send } from '../support/hostile-project.js';
import { imageOf } from '../support/image.js';
import { cachedInstall } from '../support/install-cache.js';
import { leftOut } from '../support/left-out.js';
import { nodeFolder, whyNoOtherNodes } from '../support/node-versions.js';
import { build, builtProject, copyOf, startHttp, stop } from '../support/server.js';

const run = promisify(execFile);

async function start(project: string, env = hostileEnv()) {
  const server = await startHttp(project, env);
  onTestFinished(async () => {
    await stop(server);
  });
  return server;
}

async function packageOf(project: string) {
  return JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
}

async function useModules(project: string, modules: string): Promise<void> {
  await rm(join(project, 'node_modules'));
  await symlink(modules, join(project, 'node_modules'), 'junction');
}

describe('a built server runs', () => {
  it.each(eras)('without what it was built with (%s)', async (_, request) => {
    const project = await copyOf(await builtProject());
    const { dependencies } = await packageOf(project);
    await useModules(project, await cachedInstall('production', dependencies));
    const { port } = await start(project);
    const call = { name: 'create_note', arguments: { title: 'Kept', body: 'In SQLite.' } };
    const { result } = messageOf(await send(port, request('tools/call', call)));
    expect(result).toMatchObject({ structuredContent: { note: { title: 'Kept' } } });
  });

  it('in an image that has its native packages and no others', async () => {
    const image = await imageOf(await copyOf(await builtProject()));
    const modules = await readdir(join(image, 'node_modules'));
    expect(modules.sort()).toEqual(['@libsql', '@neon-rs', 'detect-libc', 'libsql']);
    expect(await readdir(join(image, 'node_modules/@libsql'))).toHaveLength(1);
    const { port } = await start(image);
    for (const [, request] of eras) {
      const listed = messageOf(await send(port, request('resources/list')));
      expect(listed).toHaveProperty('result.resources');
    }
  });
});

it('the image of a server without native packages has no packages', async () => {
  const choices = { transport: ['http'], auth: 'api-key', datastore: 'none' };
  const image = await imageOf(await copyOf(await builtProject(choices)));
  expect(await readdir(join(image, 'node_modules'))).toEqual([]);
  const { port } = await start(image);
  expect(messageOf(await send(port))).toHaveProperty('result.tools');
});

it('a server that only answers calls does without the MCP SDK', async () => {
  const project = await copyOf(await builtProject());
  await rm(join(project, 'dist/sdk.js'));
  const { port, stderr } = await start(project);
  for (const [, request] of eras) {
    const call = { name: 'search_notes', arguments: { text: 'nothing' } };
    const { result } = messageOf(await send(port, request('tools/call', call)));
    expect(result).toMatchObject({ structuredContent: { notes: [] } });
  }
  await expect.poll(stderr, { timeout: 5_000 }).toContain('the MCP SDK cannot be loaded');
});

it('a logged stack names lines of the source', async () => {
  const project = await hostileProject();
  const server = await start(project);
  for (const [, request] of eras) {
    await send(server.port, request('tools/call', { name: 'leak', arguments: { text: 'x' } }));
  }
  const source = await readFile(join(project, 'src/tools/probes.ts'), 'utf8');
  const line =
    source.split('\n').findIndex((text) => text.includes('Object.assign(new Error(')) + 1;
  const logged = () =>
    server
      .stderr()
      .split('\n')
      .filter((text) => text.includes('"stack"'));
  await expect.poll(logged).toHaveLength(eras.length);
  const stacks = logged();
  for (const stack of stacks) {
    expect(stack).toContain(`/src/tools/probes.ts:${line}:`);
    expect(stack).toContain('/src/kit/calls/run-call.ts:');
  }
});

it('what an earlier build left in dist/ is gone after a build', async () => {
  const project = await copyOf(await builtProject());
  const dist = join(project, 'dist');
  const before = await readdir(dist);
  await writeFile(join(dist, 'old-chunk.js'), '');
  await build(project);
  expect(await readdir(dist)).toEqual(before);
});

const noOtherNodes = whyNoOtherNodes();
if (noOtherNodes !== null) leftOut('the compile cache', noOtherNodes);

describe.skipIf(noOtherNodes !== null)('compiled code', () => {
  /** Runs a stdio server of Node.js 24 to the end of its input; gives what lies in its cache afterwards. */
  async function compiled(project: string): Promise<string[]> {
    const node = join(await nodeFolder('24'), 'node');
    const ended = run(node, [join(project, 'dist/stdio.js')], { env: hostileEnv() });
    ended.child.stdin?.end();
    await ended;
    const folder = join(project, 'dist/compiled');
    return await readdir(folder, { recursive: true }).catch(() => []);
  }

  it('is kept for the next start', async () => {
    expect(await compiled(await copyOf(await builtProject()))).not.toEqual([]);
  });

  it('is not kept where it cannot be', async () => {
    const project = await copyOf(await builtProject());
    await writeFile(join(project, 'dist/compiled'), 'no folder');
    expect(await compiled(project)).toEqual([]);
  });
});
