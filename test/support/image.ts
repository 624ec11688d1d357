/** What the image of a project has, as a folder: its Dockerfile's last stage without the engine. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const WORKDIR = '/app';

/**
 * The folder, for the time of the test. The project must be built, and gets what the build stage makes after that. A test that
 * runs beside others gives its own `finished`: Vitest's does not know which of them it is in.
 */
export async function imageOf(
  project: string,
  finished: (clean: () => Promise<void>) => void = onTestFinished,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-image-'));
  finished(() => rm(folder, { recursive: true, force: true }));
  const dockerfile = DockerfileParser.parse(await readFile(join(project, 'Dockerfile'), 'utf8'));
  for (const instruction of dockerfile.getInstructions()) {
    const [, command] = /&& node (.+)$/.exec(instruction.getArgumentsContent() ?? '') ?? [];
    if (command) await execa('node', command.split(' '), { cwd: project });
  }
  for (const copy of dockerfile.getCOPYs()) {
    if (!copy.getFlags().some((flag) => flag.getName() === 'from')) continue;
    const [source = '', target = ''] = copy.getArguments().map((one) => one.getValue());
    const from = join(project, relative(WORKDIR, source));
    const to = target === './' ? relative(WORKDIR, source) : target;
    await cp(from, join(folder, to), { recursive: true });
  }
  return folder;
}
