import { realpathSync } from 'node:fs';
import { type RunOptions, type RunResult, run } from '../process/run.js';

const TIMEOUT_MS = 15_000;

/** A repository is a convenience: a problem is a note, never a failure. */
export interface GitOutcome {
  readonly status: 'ok' | 'skipped';
  readonly detail: string;
}

/**
 * Makes a repository in a new project and commits everything in it, as the user, without hooks and signatures
 * (which might ask questions). Leaves a project alone that is part of a repository already.
 *
 * @throws the signal's reason when interrupted
 */
export async function initRepository(message: string, options: RunOptions): Promise<GitOutcome> {
  const git = (...args: string[]) => run(['git', ...args], withoutQuestions(options));

  const inside = await git('rev-parse', '--show-toplevel');
  if (inside.outcome === 'missing') return skipped('git is not installed');
  if (inside.outcome === 'ok') {
    return realpathSync(inside.stdout.trim()) === realpathSync(options.cwd)
      ? skipped('the directory is already a repository; nothing was committed')
      : skipped(`already inside the repository ${inside.stdout.trim()}`);
  }

  const branch = await git('config', 'init.defaultBranch');
  const named = branch.stdout.trim() === '' ? ['-c', 'init.defaultBranch=main'] : [];
  const init = await git(...named, 'init', '--quiet');
  if (init.outcome !== 'ok') return skipped(failure('git init', init));

  const identity = await git('config', 'user.email');
  const { GIT_AUTHOR_EMAIL, EMAIL } = options.env;
  if (identity.stdout.trim() === '' && !GIT_AUTHOR_EMAIL && !EMAIL) {
    return skipped('created a repository without a commit: git has no user.name and user.email');
  }
  const add = await git('add', '--all');
  if (add.outcome !== 'ok') return skipped(failure('git add', add));
  const commit = await git(
    ...['-c', 'commit.gpgSign=false', '-c', 'core.hooksPath=/dev/null'],
    ...['commit', '--quiet', '--no-verify', '--message', message],
  );
  if (commit.outcome !== 'ok') return skipped(failure('git commit', commit));
  return { status: 'ok', detail: 'created the first commit' };
}

function withoutQuestions(options: RunOptions): RunOptions {
  const env = { ...options.env, GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true', LC_ALL: 'C' };
  return { ...options, env, timeoutMs: TIMEOUT_MS };
}

function skipped(detail: string): GitOutcome {
  return { status: 'skipped', detail };
}

function failure(command: string, result: RunResult): string {
  if (result.outcome === 'timeout') return `${command} took longer than ${TIMEOUT_MS / 1000} s`;
  return `${command} failed: ${result.tail.at(-1) ?? `exit code ${result.exitCode}`}`;
}
