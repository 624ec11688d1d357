import { StepError } from '../errors.js';
import { type RunOptions, type RunResult, run } from '../process/run.js';
import type { PackageManager } from './package-manager.js';

/** A check must not hold up what works without it. */
const VERIFY_TIMEOUT_MS = 30_000;

/** Error codes with which package managers report network problems. */
const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED|ConnectionRefused|FailedToOpenSocket)\b/;

/**
 * Installs the dependencies of a project.
 *
 * @throws StepError with the last lines of the package manager's output.
 */
export async function install(manager: PackageManager, options: RunOptions): Promise<undefined> {
  const result = await run(manager.install, options);
  if (result.outcome === 'ok') return;
  throw new StepError('install', {
    message: reason(manager, result),
    hint: hint(manager, result),
  });
}

/**
 * Whether what was installed can be installed again from its lock file, as CI and the Dockerfile do. A registry that
 * lacks an optional package, or a setting that writes no lock file, does not stop the first installation.
 *
 * @returns a warning, or null when it can or nobody knows
 */
export async function verifyLockfile(
  manager: PackageManager,
  options: RunOptions,
): Promise<string | null> {
  if (manager.verify === undefined) return null;
  const result = await run(manager.verify, { ...options, timeoutMs: VERIFY_TIMEOUT_MS });
  if (result.outcome !== 'failed' || isOffline(result)) return null;
  const { ciText, lockfile, installText } = manager;
  return (
    `${lockfile} cannot be installed with "${ciText}", as CI does${withTail(result)}\n` +
    `Check that the registry has every package and that a lock file is written, delete ${lockfile} and node_modules, ` +
    `then run ${installText}.`
  );
}

/**
 * Runs the project's build script.
 *
 * @throws StepError with the last lines of its output.
 */
export async function build(manager: PackageManager, options: RunOptions): Promise<undefined> {
  const result = await run([...manager.run, 'build'], options);
  if (result.outcome === 'ok') return;
  throw new StepError('build', {
    message: `${manager.runText} build failed${withTail(result)}`,
    hint: `Fix the problem, then run in the project: ${manager.runText} build`,
  });
}

function reason(manager: PackageManager, result: RunResult): string {
  if (result.outcome === 'missing') return `${manager.install[0]} is not installed.`;
  const what = isOffline(result) ? 'could not reach the registry' : 'failed';
  return `${manager.installText} ${what}${withTail(result)}`;
}

function hint(manager: PackageManager, result: RunResult): string {
  const again = `Then, in the project: ${manager.installText} && ${manager.runText} build`;
  if (result.outcome === 'missing') {
    return `Install it: ${manager.get}. Or choose another one with --package-manager. ${again}`;
  }
  if (isOffline(result)) return `Check the network, the proxy and the registry. ${again}`;
  return `The files are written. Fix the problem. ${again}`;
}

function isOffline(result: RunResult): boolean {
  return result.tail.some((line) => OFFLINE.test(line));
}

function withTail({ exitCode, tail }: RunResult): string {
  const code = exitCode === null ? '' : ` (exit code ${exitCode})`;
  return tail.length === 0 ? `${code}.` : `${code}:\n${tail.map((line) => `  ${line}`).join('\n')}`;
}
