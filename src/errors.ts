/** Exit codes of the command contract. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** One problem and how to fix it. Printed as two lines. */
export interface Problem {
  readonly message: string;
  readonly hint?: string;
}

/**
 * A failure that the user can fix. Caught once, in `cli/run.ts`, which prints the problems without a stack trace and
 * exits with `exitCode`.
 */
export class CliError extends Error {
  override readonly name: string = 'CliError';

  constructor(
    readonly exitCode: ExitCode,
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super(problems.map((problem) => problem.message).join('\n'), options);
  }
}

/** Bad usage or conflicting choices: exit code 2, nothing was written. Carries every problem at once. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  constructor(problems: readonly Problem[]) {
    super(ExitCode.usage, problems);
  }
}

export type InterruptCode = typeof ExitCode.interrupted | typeof ExitCode.terminated;

/** Ctrl-C (exit code 130), SIGTERM or SIGHUP (143). */
export class InterruptedError extends CliError {
  override readonly name = 'InterruptedError';

  constructor(
    exitCode: InterruptCode,
    message = exitCode === ExitCode.interrupted ? 'Cancelled.' : 'Terminated.',
  ) {
    super(exitCode, [{ message }]);
  }
}

/** A step failed: exit code 1. */
export class StepError extends CliError {
  override readonly name = 'StepError';

  constructor(
    readonly step: string,
    problem: Problem,
    options?: ErrorOptions,
  ) {
    super(ExitCode.failed, [problem], options);
  }
}
