import path from 'node:path';
import { applyPlan } from '../apply/index.js';
import { inspectTarget } from '../apply/target.js';
import { getCatalog } from '../catalog/index.js';
import { ExitCode } from '../errors.js';
import { createPlan } from '../plan/index.js';
import { toExternalSpec } from '../project-spec/external.js';
import { resolveSpec } from '../project-spec/resolve.js';
import { type CreateReport, emptyReport, printReport } from '../report/report.js';
import { Steps } from '../steps/steps.js';
import { version } from '../version.js';
import { readSpec } from './answers.js';
import type { CommandContext } from './context.js';

export interface RenderFlags {
  readonly spec: string;
  readonly out: string;
}

/**
 * `render`: only the files of a spec, the same bytes every time. No secrets, no child processes.
 *
 * @throws CliError for a bad spec and for an output directory that is not empty
 */
export async function renderCommand(
  flags: RenderFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const catalog = await getCatalog();
  const spec = resolveSpec(await readSpec(flags.spec, context), catalog);
  const plan = createPlan(catalog, spec, version);
  const directory = path.resolve(context.cwd, flags.out);
  const target = inspectTarget(directory, 'never');
  const steps = new Steps(context.output);
  await steps.run({ name: 'write', title: 'Write files' }, async () => {
    applyPlan(plan, target, null);
    return { detail: `${plan.size} files` };
  });
  const report: CreateReport = {
    ...emptyReport(ExitCode.ok, []),
    project: { name: spec.name, directory },
    spec: toExternalSpec(spec, catalog),
    files: [...plan.keys()],
    steps: steps.results,
  };
  printReport(report, context.output, context.cwd);
  return report.code;
}
