import { getCatalog } from '../catalog/index.js';
import { ExitCode, type Problem, UsageError } from '../errors.js';
import type { StepResult } from '../model.js';
import { findProject } from '../project/project.js';
import type { ProjectTarget, SmokeReport, UrlTarget } from '../smoke/index.js';
import type { CommandContext } from './context.js';

/** The options of `mcp-gen smoke`, as commander gives them. */
export interface SmokeFlags {
  readonly url?: string;
  /** `Name: value`, any number of times. */
  readonly header?: readonly string[];
  readonly strict?: boolean;
  /** Seconds per step. */
  readonly timeout?: string;
}

/**
 * `smoke`: tests the project that contains the current directory, or the server at `--url`, and prints what it proved.
 *
 * @returns the exit code: 0 when nothing failed (with `--strict`: when everything is proven), else 1
 * @throws UsageError for invalid flags and outside of a project; StepError when it cannot start
 */
export async function smokeCommand(
  flags: SmokeFlags,
  { output, signal, cwd, env }: CommandContext,
): Promise<ExitCode> {
  const { url, headers, timeoutMs } = parseFlags(flags);
  const target: ProjectTarget | UrlTarget =
    url === null ? await projectAround(cwd) : { kind: 'url', url };
  const { runSmoke } = await import('../smoke/index.js');
  const report = await output.working('Smoke test with real MCP clients', (progress) =>
    runSmoke({
      target,
      headers,
      ...(timeoutMs === null ? {} : { timeoutMs }),
      strict: flags.strict === true,
      env,
      signal,
      onStep: (step) => progress.part(step),
      ...(output.verbose ? { onOutput: (line: string) => progress.line(line) } : {}),
    }),
  );
  const code = report.ok ? ExitCode.ok : ExitCode.failed;
  if (output.json) {
    const problems = report.ok ? [] : [failure(report)];
    output.document({ ...report, code, problems, target: describeTarget(target) });
  } else printEnd(report, output);
  return code;
}

function printEnd(report: SmokeReport, output: CommandContext['output']): void {
  if (report.stderr !== undefined && !report.ok) {
    output.say();
    output.say(output.paint('bold', 'Server output'));
    output.say(report.stderr.replace(/^/gm, '  '));
  }
  output.say();
  for (const warning of report.warnings) output.warn(warning);
  const summary = countByStatus(report.steps);
  const isProven = report.steps.every(({ status }) => status !== 'unproven');
  if (!report.ok) output.problem(failure(report));
  else if (isProven) output.say(`${output.paint('green', 'The server is proven')}: ${summary}.`);
  else output.say(`${output.paint('yellow', 'The server is partly proven')}: ${summary}.`);
}

function failure({ steps }: SmokeReport): Problem {
  return { message: `The smoke test failed: ${countByStatus(steps)}.` };
}

/** "41 ok, 2 not proven, 1 failed" */
function countByStatus(steps: readonly StepResult[]): string {
  const names = { ok: 'ok', skipped: 'skipped', unproven: 'not proven', failed: 'failed' } as const;
  return Object.entries(names)
    .map(([status, name]) => ({ name, n: steps.filter((step) => step.status === status).length }))
    .filter(({ n }) => n > 0)
    .map(({ name, n }) => `${n} ${name}`)
    .join(', ');
}

function describeTarget(target: ProjectTarget | UrlTarget): object {
  return target.kind === 'url'
    ? // A query may hold a key.
      { url: target.url.origin + target.url.pathname }
    : { project: target.name, directory: target.directory };
}

async function projectAround(directory: string): Promise<ProjectTarget> {
  const { root, manifest } = findProject(directory);
  const { projectTarget } = await import('../smoke/index.js');
  return projectTarget(root, manifest, await getCatalog());
}

interface ParsedFlags {
  readonly url: URL | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number | null;
}

/** Checks all flags and reports every problem at once. */
function parseFlags(flags: SmokeFlags): ParsedFlags {
  const problems: Problem[] = [];
  const url = flags.url === undefined ? null : parseUrl(flags.url, problems);
  const headers: Record<string, string> = {};
  for (const text of flags.header ?? []) {
    const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]+)$/.exec(text);
    if (match?.[1] && match[2]) headers[match[1].toLowerCase()] = match[2].trim();
    else
      problems.push({ message: "A --header must look like 'Name: value'.", hint: HEADER_EXAMPLE });
  }
  const seconds = flags.timeout === undefined ? null : Number(flags.timeout);
  if (seconds !== null && !(seconds > 0 && seconds <= 3600)) {
    problems.push({
      message: `--timeout ${flags.timeout} is not a number of seconds (at most 3600).`,
      hint: 'For example: --timeout 30',
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { url, headers, timeoutMs: seconds === null ? null : seconds * 1000 };
}

const HEADER_EXAMPLE = "For example: --header 'Authorization: Bearer <key>'";

function parseUrl(text: string, problems: Problem[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && (url.username !== '' || url.password !== '')) {
    problems.push({
      message: '--url contains a user name or password.',
      hint: `Pass credentials with --header. ${HEADER_EXAMPLE}`,
    });
    return null;
  }
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  problems.push({
    message: `--url ${text} is not an http or https URL.`,
    hint: 'Give the MCP endpoint, for example: --url http://127.0.0.1:3000/mcp',
  });
  return null;
}
