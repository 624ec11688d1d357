/** What a newcomer does: clones the repository and types the two commands of the README. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leftOut } from '../support/left-out.js';
import { Workshop } from '../support/workshop.js';

const workshop = new Workshop([]);
const clone = path.join(workshop.folder, 'clone');
let readme = '';
/** `.ci/run` itself runs the command under “Develop”, in a clean clone. */
const ranAlready = process.env['CI_RUN_ID'] !== undefined;

beforeAll(async () => {
  await workshop.run(['git', 'clone', '--quiet', path.resolve('.'), clone]);
  readme = await readFile(path.join(clone, 'README.md'), 'utf8');
});
afterAll(() => {
  if (ranAlready)
    leftOut('“Develop” once more in a clone of the clone', 'the step "tests" is that command');
  return workshop.remove();
});

it('“Try it” makes a server and proves it', async () => {
  const printed = await workshop.run(['sh', '-c', commandUnder('Try it')], {
    cwd: clone,
    timeoutMs: 300_000,
  });
  expect(printed).toMatch(/Smoke test with real MCP clients/);
  expect(await uncommitted()).toBe('');
  await workshop.run(['npm', 'run', 'lint'], { cwd: path.join(clone, 'demo') });
});

if (!ranAlready) {
  it('“Develop” passes the tests', async () => {
    const printed = await workshop.run(['sh', '-c', commandUnder('Develop')], {
      cwd: clone,
      timeoutMs: 600_000,
    });
    expect(printed).toMatch(/Tests\s.*\d+ passed/);
    expect(await uncommitted()).toBe('');
  });
}

/** The first code block after a heading. */
function commandUnder(heading: string): string {
  const [, command] =
    new RegExp(`^## ${heading}$[^]*?^\`\`\`sh\n([^]*?)^\`\`\``, 'm').exec(readme) ?? [];
  if (!command) throw new Error(`README.md has no command under "${heading}".`);
  return command;
}

function uncommitted(): Promise<string> {
  return workshop.run(['git', 'status', '--porcelain'], { cwd: clone });
}
