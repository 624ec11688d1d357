/** The generated servers that are measured. */
import { appendFile, cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { time } from './measure.mjs';

const head = `import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
`;
const tool = (constant, name) => `
export const ${constant} = defineTool({
  name: '${name}',
  title: '${name}',
  description: 'Says it again.',
  input: z.object({ text: z.string().max(1_000) }),
  output: z.object({ text: z.string() }),
  annotations,
  run: ({ text }) => ({ text }),
});
`;

const more = {
  resources: `import { defineResource } from '../parts.js';

export const benchText = defineResource({
  name: 'bench_text',
  uri: 'bench://text',
  title: 'Text',
  description: 'A text.',
  mimeType: 'text/plain',
  read: () => 'hello',
});
`,
  prompts: `import * as z from 'zod/v4';
import { definePrompt } from '../parts.js';

export const say = definePrompt({
  name: 'say',
  title: 'Say',
  description: 'Says it.',
  args: z.object({ text: z.string().max(1_000) }),
  messages: ({ text }) => [{ role: 'user', content: { type: 'text', text } }],
});
`,
};

/** Makes a project with these flags, the tool `echo`, the resource `bench://text` and the prompt `say`. Gives its folder. */
export async function makeProject(program, folder, flags) {
  await time('node', [
    program,
    folder,
    '--yes',
    '--no-git',
    '--no-smoke',
    '--deploy',
    'none',
    ...flags,
  ]);
  for (const [room, text] of Object.entries(more)) {
    await writeFile(join(folder, `src/${room}/bench.ts`), text);
    await appendFile(join(folder, `src/${room}/index.ts`), "export * from './bench.js';\n");
  }
  return await withTools(folder, 1);
}

/** A copy of a project with so many echoing tools. */
export async function copyWithTools(project, folder, count) {
  const filter = (path) => !/[\\\\/](node_modules|dist)$/.test(path);
  await cp(project, folder, { recursive: true, filter });
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'src/tools/index.ts'), '');
  return await withTools(folder, count);
}

async function withTools(folder, count) {
  const more = Array.from({ length: count - 1 }, (_, n) => tool(`echo${n}`, `echo_${n}`));
  await writeFile(
    join(folder, 'src/tools/echo.ts'),
    [head, tool('echo', 'echo'), ...more].join(''),
  );
  await appendFile(join(folder, 'src/tools/index.ts'), "export * from './echo.js';\n");
  await time('npm', ['run', 'build'], { cwd: folder });
  return folder;
}
