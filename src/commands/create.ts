import { filesToAdd } from '../apply/conflicts.js';
import { applyPlan } from '../apply/index.js';
import { LOCAL_ENV, localEnv } from '../apply/local-env.js';
import { inspectTarget, type Target } from '../apply/target.js';
import { getCatalog } from '../catalog/index.js';
import type { Catalog, Feature } from '../catalog/types.js';
import { CliError, ExitCode } from '../errors.js';
import type { Plan, ProjectSpec } from '../model.js';
import { chosenFeatures } from '../plan/choose.js';
import { createPlan } from '../plan/index.js';
import { PACKAGE_MANAGER_AXIS, toExternalSpec } from '../project-spec/external.js';
import { reproduceCommand } from '../project-spec/reproduce.js';
import { resolveSpec } from '../project-spec/resolve.js';
import { nextLines } from '../report/next-lines.js';
import { displayPath } from '../report/paths.js';
import { type CreateReport, describePlan, emptyReport, printReport } from '../report/report.js';
import { type PackageManager, packageManagerOf } from '../steps/package-manager.js';
import { type Findings, prove } from '../steps/prove.js';
import { Steps } from '../steps/steps.js';
import { version } from '../version.js';
import { collectAnswers } from './answers.js';
import type { CommandContext } from './context.js';
import type { CreateFlags } from './create-flags.js';

/** Creates a project and prints the report. Returns the exit code; throws as `create` does. */
export async function createCommand(
  directory: string | undefined,
  flags: CreateFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const report = await create(directory, flags, context);
  printReport(report, context.output, context.cwd);
  return report.code;
}

/**
 * `create`: answers → spec → plan → files → install, build, smoke test, repository.
 *
 * @returns the report, also when the project could not be written or a later step failed
 * @throws CliError for invalid answers
 */
async function create(
  directory: string | undefined,
  flags: CreateFlags,
  context: CommandContext,
): Promise<CreateReport> {
  const catalog = await getCatalog();
  const answers = await collectAnswers(directory, flags, catalog, context);
  const spec = resolveSpec(answers.input, catalog);
  const plan = createPlan(catalog, spec, version);
  const report = draft(catalog, spec, plan, answers.directory, context.cwd);
  if (flags.dryRun) return preview(report, plan, flags);

  const features = chosenFeatures(catalog, spec);
  const manager = packageManagerIn(features);
  const steps = new Steps(context.output);
  const findings: Findings = { warnings: [], checks: [] };
  try {
    const target = inspectTarget(answers.directory, flags.force === true);
    await steps.run({ name: 'write', title: 'Write files' }, async () => {
      // One turn of the event loop: a Ctrl-C from before must count before anything is written.
      await new Promise((resolve) => setImmediate(resolve));
      context.signal.throwIfAborted();
      return write(plan, target, features, spec.name, findings.warnings);
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { ...failed(report, error), files: [], steps: steps.results };
  }
  return finish(report, { spec, features, manager, flags, steps, findings }, context);
}

/** Of a run that stopped before anything was written, or in a step. */
function failed(report: CreateReport, { exitCode, problems }: CliError): CreateReport {
  return { ...report, ok: false, code: exitCode, problems };
}

function draft(
  catalog: Catalog,
  spec: ProjectSpec,
  plan: Plan,
  directory: string,
  cwd: string,
): CreateReport {
  return {
    ...emptyReport(ExitCode.ok, []),
    project: { name: spec.name, directory },
    spec: toExternalSpec(spec, catalog),
    files: [...plan.keys()],
    reproduce: reproduceCommand(spec, catalog, displayPath(directory, cwd)),
  };
}

/** `--dry-run`: the plan; what would stop a real run is a warning. */
function preview(report: CreateReport, plan: Plan, flags: CreateFlags): CreateReport {
  const warnings: string[] = [];
  try {
    const target = inspectTarget(report.project?.directory ?? '', flags.force === true);
    if (target.exists) filesToAdd(plan, target.directory);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    warnings.push(...error.problems.map(({ message }) => message));
  }
  return { ...report, warnings, plan: describePlan(plan) };
}

function write(
  plan: Plan,
  target: Target,
  features: readonly Feature[],
  name: string,
  warnings: string[],
): { detail: string } {
  const secrets = localEnv(
    features.flatMap((feature) => feature.local),
    name,
  );
  const { wroteLocalEnv } = applyPlan(plan, target, secrets);
  if (secrets !== null && !wroteLocalEnv) {
    warnings.push(`${LOCAL_ENV} already exists and was not changed; see .env.example.`);
  }
  return { detail: `${plan.size} files` };
}

function packageManagerIn(features: readonly Feature[]): PackageManager {
  const feature = features.find(({ axis }) => axis === PACKAGE_MANAGER_AXIS);
  if (feature === undefined) throw new Error('The catalog has no package manager.');
  return packageManagerOf(feature);
}

interface Written {
  readonly spec: ProjectSpec;
  readonly features: readonly Feature[];
  readonly manager: PackageManager;
  readonly flags: CreateFlags;
  readonly steps: Steps;
  readonly findings: Findings;
}

async function finish(
  report: CreateReport,
  { spec, features, manager, flags, steps, findings }: Written,
  context: CommandContext,
): Promise<CreateReport> {
  const directory = report.project?.directory ?? '';
  let failure: CliError | null = null;
  try {
    await prove(
      steps,
      {
        directory,
        name: spec.name,
        features,
        manager,
        commitMessage: `Create ${spec.name} with create-mcp-server ${version}`,
        env: context.env,
        signal: context.signal,
        install: flags.install,
        smoke: flags.smoke,
        git: flags.git,
        strict: flags.strict === true,
        verbose: context.output.verbose,
      },
      findings,
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    failure = error;
  }
  return {
    ...(failure === null ? report : failed(report, failure)),
    steps: steps.results,
    next: nextLines(spec, features, manager, { directory, cwd: context.cwd, steps: steps.results }),
    warnings: findings.warnings,
    checks: findings.checks,
  };
}
