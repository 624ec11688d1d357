/** What GitHub reads: workflows by GitHub's own parser, and dependabot.yml. */
import { build } from 'esbuild';
import { parse } from 'yaml';
import * as z from 'zod';

type Parser = typeof import('@actions/workflow-parser');

let parser: Promise<Parser> | undefined;

/** What GitHub's parser says against this workflow; nothing when it is fine. */
export async function workflowProblems(text: string): Promise<string[]> {
  parser ??= loadParser();
  const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await parser;
  const file = { name: '.github/workflows/ci.yml', content: text };
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  const syntax = context.errors.getErrors().map((error) => error.message);
  if (syntax.length > 0 || value === undefined)
    return [...syntax, ...(value ? [] : ['no workflow'])];
  const workflow = await convertWorkflowTemplate(context, value);
  return [...context.errors.getErrors(), ...(workflow.errors ?? [])].map((error) =>
    'message' in error ? error.message : error.Message,
  );
}

/** The package imports JSON in a way that Node refuses, so it is bundled first. */
async function loadParser(): Promise<Parser> {
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from '@actions/workflow-parser';",
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: 'esm',
    // Picks builds that are plain ES modules.
    platform: 'browser',
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as Parser;
}

const schedule = z.strictObject({ interval: z.enum(['daily', 'weekly', 'monthly']) });
const group = z.strictObject({ 'update-types': z.array(z.enum(['minor', 'patch', 'major'])) });

const dependabot = z.strictObject({
  version: z.literal(2),
  updates: z.array(
    z.strictObject({
      'package-ecosystem': z.enum(['npm', 'bun', 'docker', 'docker-compose', 'github-actions']),
      directory: z.literal('/'),
      schedule,
      groups: z.record(z.string(), group).optional(),
    }),
  ),
});

/** The ecosystems that a dependabot.yml watches. Throws when it has a key or value that is not known here. */
export function parseDependabot(text: string): string[] {
  return dependabot.parse(parse(text)).updates.map((update) => update['package-ecosystem']);
}
