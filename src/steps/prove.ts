import type { Feature } from '../catalog/types.js';
import { StepError } from '../errors.js';
import type { StepResult } from '../model.js';
import { childEnv } from '../process/child-env.js';
import type { RunOptions } from '../process/run.js';
import { initRepository } from './git.js';
import { build, install, verifyLockfile } from './install.js';
import type { PackageManager } from './package-manager.js';
import { summariseSmoke } from './smoke-summary.js';
import type { Step, StepOutcome, StepProgress, Steps } from './steps.js';

export interface ProveOptions {
  /** Absolute, with all files written. */
  readonly directory: string;
  readonly name: string;
  readonly features: readonly Feature[];
  readonly manager: PackageManager;
  /** The text of the first commit. */
  readonly commitMessage: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly install: boolean;
  readonly smoke: boolean;
  readonly git: boolean;
  /** Unproven steps of the smoke test count as failed. */
  readonly strict: boolean;
  /** Show every check of the smoke test, not one line per client. */
  readonly verbose: boolean;
}

/** What the steps report beside their results; filled while they run, so that a failure keeps it. */
export interface Findings {
  readonly warnings: string[];
  /** Every check of the smoke test. */
  readonly checks: StepResult[];
}

interface PlannedStep extends Step {
  /** Why the step is left out, or null. */
  readonly skip: string | null;
  run(progress: StepProgress): Promise<StepOutcome | undefined>;
}

/**
 * Takes a written project to a tested one: install, build, smoke test with real clients, first commit.
 *
 * @throws StepError for the first step that fails (the rest is recorded as skipped); the signal's reason when
 * interrupted
 */
export async function prove(
  steps: Steps,
  options: ProveOptions,
  findings: Findings,
): Promise<void> {
  const plan = planSteps(options, findings);
  try {
    for (const work of plan) {
      options.signal.throwIfAborted();
      if (work.skip === null) await steps.run(work, (progress) => work.run(progress));
      else steps.skip(work, work.skip);
    }
  } catch (error) {
    for (const work of plan) if (!steps.has(work.name)) steps.skip(work, 'not reached');
    throw error;
  }
}

function planSteps(options: ProveOptions, findings: Findings): PlannedStep[] {
  const { manager } = options;
  const notInstalled = options.install ? null : 'not installed';
  const child = (progress: StepProgress): RunOptions => ({
    cwd: options.directory,
    env: childEnv(options.env),
    signal: options.signal,
    onLine: (line) => progress.line(line),
  });
  return [
    {
      name: 'install',
      title: `Install dependencies with ${manager.id}`,
      skip: options.install ? null : '--no-install',
      run: async (progress) => {
        await install(manager, child(progress));
        const warning = await verifyLockfile(manager, child(progress));
        if (warning !== null) findings.warnings.push(warning);
        return undefined;
      },
    },
    {
      name: 'build',
      title: 'Build',
      skip: notInstalled,
      run: (progress) => build(manager, child(progress)),
    },
    {
      name: 'smoke',
      title: 'Smoke test with real MCP clients',
      skip: options.smoke ? notInstalled : '--no-smoke',
      run: (progress) => smoke(options, progress, findings),
    },
    {
      name: 'git',
      title: 'Git repository',
      skip: options.git ? null : '--no-git',
      run: (progress) => initRepository(options.commitMessage, child(progress)),
    },
  ];
}

async function smoke(
  options: ProveOptions,
  progress: StepProgress,
  findings: Findings,
): Promise<StepOutcome> {
  const { runSmoke } = await import('../smoke/index.js');
  const { directory, name, features, manager, strict, signal } = options;
  const report = await runSmoke({
    target: {
      kind: 'project',
      directory,
      name,
      features,
      buildCommand: `${manager.runText} build`,
    },
    strict,
    env: options.env,
    signal,
    onStep: (step) => {
      if (options.verbose) progress.part(step);
      else progress.line(step.name);
    },
  });
  signal.throwIfAborted();
  if (!options.verbose) for (const part of summariseSmoke(report.steps)) progress.part(part);
  findings.checks.push(...report.steps);
  findings.warnings.push(...report.warnings);
  if (!report.ok) {
    const server = report.stderr ? `\nServer output:\n${indent(report.stderr)}` : '';
    throw new StepError('smoke', {
      message: `The smoke test failed.${server}`,
      hint: 'The project is kept. Fix the problem, rebuild, then run mcp-gen smoke.',
    });
  }
  const isProven = report.steps.every((step) => step.status !== 'unproven');
  return isProven
    ? { detail: `${report.steps.length} checks` }
    : { status: 'unproven', detail: 'some checks are not proven' };
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
