import { CliError, ExitCode, type Problem } from '../errors.js';

const PROBLEMS: Readonly<Record<string, (where: string) => Problem>> = {
  EACCES: notWritable,
  EPERM: notWritable,
  EROFS: (where) => ({
    message: `${where} is on a read-only file system.`,
    hint: 'Choose a directory that you can write to.',
  }),
  ENOSPC: full,
  EDQUOT: full,
  ENAMETOOLONG: (where) => ({
    message: `The path ${shorten(where)} is too long for this file system.`,
    hint: 'Choose a shorter directory.',
  }),
  ENOTEMPTY: appeared,
  EEXIST: appeared,
};

/**
 * A file system error as a CliError with a message and a hint. Other errors are returned as they are.
 */
export function fileSystemError(error: unknown, where: string): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const problem = PROBLEMS[code]?.(where) ?? {
    message: `Cannot write to ${where}: ${error.message}.`,
    hint: 'Choose another directory.',
  };
  return new CliError(ExitCode.failed, [problem], { cause: error });
}

function notWritable(where: string): Problem {
  return {
    message: `No permission to write to ${where}.`,
    hint: 'Choose a directory that you own, or change its permissions.',
  };
}

function full(where: string): Problem {
  return {
    message: `No space left on the disk of ${where}.`,
    hint: 'Free some space and run the command again. Partial files were removed.',
  };
}

function appeared(where: string): Problem {
  return {
    message: `${where} was created by another process in the meantime.`,
    hint: 'Check for another run of this command, then try again.',
  };
}

function shorten(where: string): string {
  return where.length > 80 ? `${where.slice(0, 77)}…` : where;
}
