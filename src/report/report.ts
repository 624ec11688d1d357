import path from 'node:path';
import type { ExitCode, Problem } from '../errors.js';
import type { Plan, StepResult } from '../model.js';
import { formatNextLine, type NextLine, plainNextLine } from './next-lines.js';
import type { Output } from './output.js';
import { displayPath } from './paths.js';

/** The data of the `create --json` document and of the report for people. */
export interface CreateReport {
  readonly ok: boolean;
  readonly code: ExitCode;
  readonly project: { readonly name: string; readonly directory: string } | null;
  /** The answers, in the form that `--spec` reads. */
  readonly spec: unknown;
  /** Paths in the project, sorted. */
  readonly files: readonly string[];
  readonly steps: readonly StepResult[];
  /** Every check of the smoke test. */
  readonly checks: readonly StepResult[];
  readonly next: readonly NextLine[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** The command that creates the same project again. */
  readonly reproduce?: string;
  /** What would be written, with `--dry-run`. */
  readonly plan?: DryRun;
}

export interface DryRun {
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly origin: string;
  }[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What a plan would write and install. */
export function describePlan(plan: Plan): DryRun {
  const manifest = JSON.parse(String(plan.get('package.json')?.contents ?? '{}'));
  return {
    files: [...plan.values()].map(({ path, contents, origin }) => ({
      path,
      bytes: Buffer.byteLength(contents),
      origin,
    })),
    dependencies: manifest.dependencies ?? {},
    devDependencies: manifest.devDependencies ?? {},
  };
}

/** The report of a run that created nothing. */
export function emptyReport(code: ExitCode, problems: readonly Problem[]): CreateReport {
  return {
    ok: code === 0,
    code,
    project: null,
    spec: null,
    files: [],
    steps: [],
    checks: [],
    next: [],
    problems,
    warnings: [],
  };
}

/** Prints the end of a run: what was created or failed, what to do next, and how to repeat it. */
export function printReport(report: CreateReport, output: Output, cwd: string): void {
  if (output.json) {
    for (const problem of report.problems) output.problem(problem);
    output.document({ ...report, next: report.next.map(plainNextLine) });
    return;
  }
  const { paint } = output;
  if (report.plan) printPlan(report, report.plan, output);
  for (const warning of report.warnings) output.warn(warning);
  for (const problem of report.problems) output.problem(problem);
  if (report.project && report.ok && !report.plan) {
    const place = displayPath(report.project.directory, cwd);
    const where = place === '.' ? 'this directory' : place;
    output.say();
    output.say(`${paint('bold', report.project.name)} is ready in ${paint('cyan', where)}.`);
  }
  if (report.next.length > 0) {
    output.say();
    output.say(paint('bold', 'Next'));
    for (const line of report.next) output.say(`  ${formatNextLine(line)}`);
  }
  if (report.reproduce && report.ok) {
    output.say();
    output.say(paint('bold', 'Create the same project again'));
    output.say(`  ${report.reproduce}`);
  }
}

function printPlan(report: CreateReport, plan: DryRun, output: Output): void {
  const { paint } = output;
  const total = plan.files.reduce((sum, file) => sum + file.bytes, 0);
  output.say(
    `${paint('bold', report.project?.name ?? '')} would contain ${plan.files.length} files, ${formatBytes(total)}:`,
  );
  for (const line of tree(plan.files)) {
    output.say(
      line.note ? `  ${line.text.padEnd(44)} ${paint('dim', line.note)}` : `  ${line.text}`,
    );
  }
  for (const kind of ['dependencies', 'devDependencies'] as const) {
    const entries = Object.entries(plan[kind]);
    if (entries.length === 0) continue;
    output.say();
    output.say(paint('bold', kind));
    for (const [name, range] of entries) output.say(`  ${name} ${paint('dim', range)}`);
  }
  output.say();
  output.say('Nothing was written.');
}

function tree(files: DryRun['files']): { text: string; note: string }[] {
  const lines: { text: string; note: string }[] = [];
  let open: string[] = [];
  for (const file of files) {
    const folders = file.path.split('/').slice(0, -1);
    const shared = folders.findIndex((folder, index) => folder !== open[index]);
    const from = shared === -1 ? folders.length : shared;
    for (const [offset, folder] of folders.slice(from).entries()) {
      lines.push({ text: `${'  '.repeat(from + offset)}${folder}/`, note: '' });
    }
    open = folders;
    lines.push({
      text: `${'  '.repeat(folders.length)}${path.posix.basename(file.path)}`,
      note: `${formatBytes(file.bytes).padStart(8)}  ${file.origin}`,
    });
  }
  return lines;
}

function formatBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}
