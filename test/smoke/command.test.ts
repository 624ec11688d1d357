import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandContext } from '../../src/commands/context.js';
import { type SmokeFlags, smokeCommand } from '../../src/commands/smoke.js';
import { ExitCode } from '../../src/errors.js';
import type { StepResult } from '../../src/model.js';
import { SERVERS } from './fixtures.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'smoke-command-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A project with the fixture's stdio server; choices that are not given are not in its manifest. */
function project(choices: Record<string, unknown> = { transport: ['stdio'] }): string {
  const spec = { name: 'demo', description: '', packageManager: 'npm', choices };
  writeFileSync(
    join(root, '.mcp-gen.json'),
    JSON.stringify({ generator: '0.0.9', spec, files: {} }),
  );
  const inner = join(root, 'src/tools');
  for (const folder of [inner, join(root, 'dist')]) mkdirSync(folder, { recursive: true });
  const server = pathToFileURL(join(SERVERS, 'stdio.mjs'));
  writeFileSync(join(root, 'dist/stdio.js'), `import(${JSON.stringify(server.href)});\n`);
  return inner;
}

/** Runs the command and gives what it said. */
async function run(flags: SmokeFlags, cwd: string, json = false) {
  const said = { text: [] as string[], parts: [] as StepResult[], documents: [] as unknown[] };
  const say = (text = '') => void said.text.push(text);
  const output = {
    json,
    verbose: false,
    paint: (_: string, text: string) => text,
    say,
    warn: say,
    problem: ({ message }: { message: string }) => say(message),
    document: (value: unknown) => void said.documents.push(value),
    working: (_: string, work: (progress: object) => Promise<unknown>) =>
      work({ line: () => {}, part: (step: StepResult) => void said.parts.push(step) }),
  };
  const context = {
    output: output as unknown as CommandContext['output'],
    signal: new AbortController().signal,
    cwd,
    env: process.env,
    interactive: false,
  };
  return { code: await smokeCommand(flags, context), ...said };
}

test('proves the project around a sub-folder and lists the steps', async () => {
  const { code, parts, text, documents } = await run({}, project());
  expect(code).toBe(ExitCode.ok);
  expect(parts.map(({ name }) => name)).toContain('stdio · 2026-07-28 · call search_notes');
  expect(text.at(-1)).toMatch(/^The server is partly proven: \d+ ok, 2 not proven\.$/);
  expect(documents).toEqual([]);
});

test('gives one document with --json, and with --strict what is not proven fails', async () => {
  const { code, documents, text } = await run({ strict: true }, project(), true);
  expect(code).toBe(ExitCode.failed);
  expect(text).toEqual([]);
  expect(documents).toEqual([
    expect.objectContaining({
      ok: false,
      code: 1,
      problems: [{ message: expect.stringContaining('2 not proven') }],
      target: { project: 'demo', directory: root },
      steps: expect.arrayContaining([
        { name: 'stdio · 2025-11-25 · connect', status: 'ok', ms: expect.any(Number) },
      ]),
      warnings: ['2 steps are not proven.', 'With --strict, unproven steps count as failed.'],
    }),
  ]);
});

test('shows what a failing server wrote', async () => {
  project();
  writeFileSync(join(root, 'dist/stdio.js'), 'throw new Error("no config");');
  const { code, text } = await run({}, root);
  expect(code).toBe(ExitCode.failed);
  const server = text.indexOf('Server output');
  expect(text[server + 1]).toMatch(/^ {2}\[stdio · 2025-11-25, stdio · 2026-07-28\]\n/);
  expect(text[server + 1]).toContain('Error: no config');
  expect(text.at(-1)).toBe('The smoke test failed: 4 ok, 2 failed.');
});

test('a server at a URL that is not there', async () => {
  const { code, documents } = await run(
    { url: 'http://127.0.0.1:1/mcp?key=s3cret-value' },
    root,
    true,
  );
  expect(code).toBe(ExitCode.failed);
  expect(documents).toEqual([
    expect.objectContaining({ ok: false, target: { url: 'http://127.0.0.1:1/mcp' } }),
  ]);
  expect(JSON.stringify(documents)).not.toContain('s3cret-value');
});

test('names every wrong flag at once', async () => {
  await expect(run({ url: 'https://me:secret@example.com/mcp' }, root)).rejects.toMatchObject({
    exitCode: ExitCode.usage,
    problems: [{ hint: expect.stringContaining('Pass credentials with --header.') }],
  });
  const flags = { url: 'ftp://example.com', header: ['no colon', 'A: b\r\nC: d'], timeout: 'soon' };
  await expect(run(flags, root)).rejects.toMatchObject({
    exitCode: ExitCode.usage,
    problems: [
      { message: '--url ftp://example.com is not an http or https URL.' },
      { message: "A --header must look like 'Name: value'." },
      { message: "A --header must look like 'Name: value'." },
      { message: '--timeout soon is not a number of seconds (at most 3600).' },
    ],
  });
});

test.each(['generator', 'spec.choices'])('a manifest without %s is no bug of ours', async (key) => {
  project();
  const file = join(root, '.mcp-gen.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  delete (key === 'generator' ? manifest : manifest.spec)[key.replace('spec.', '')];
  writeFileSync(file, JSON.stringify(manifest));
  await expect(run({}, root)).rejects.toMatchObject({
    problems: [{ message: `${file} is not a create-mcp-server manifest.` }],
  });
});

test('outside of a project', async () => {
  await expect(run({}, root)).rejects.toMatchObject({ exitCode: ExitCode.usage });
});

test('a project of a newer version: says which version to use', async () => {
  await expect(run({}, project({ transport: ['carrier-pigeon'] }))).rejects.toMatchObject({
    problems: [
      {
        message:
          'The project was created with transport "carrier-pigeon", which this version does not support.',
        hint: 'Use the version that created it: npx --package create-mcp-server@0.0.9 mcp-gen smoke',
      },
    ],
  });
});
