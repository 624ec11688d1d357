import type { CommandContext } from '../commands/context.js';
import { CliError, ExitCode, type Problem, UsageError } from '../errors.js';
import { Output } from '../report/output.js';
import { emptyReport, printReport } from '../report/report.js';
import { isInteractive, restoreTerminal } from '../report/terminal.js';
import type { CommandAction, UsageFailure } from './program.js';
import type { Interruption } from './signals.js';

/**
 * Runs the parsed command, or reports why parsing failed, and sets the exit code. Every error ends here: a `CliError` is
 * printed as its problems, anything else as a bug.
 */
export async function runCommand(
  parsed: CommandAction | UsageFailure,
  argv: readonly string[],
  interruption: Interruption,
): Promise<void> {
  const context = createContext(argv, interruption.signal);
  interruption.onForced = (error) => {
    if (context.output.json) fail(error, context);
  };
  process.on('uncaughtException', (error) => {
    restoreTerminal();
    process.exit(fail(error, context));
  });
  try {
    if (typeof parsed !== 'function') throw usageError(parsed);
    if (context.cwd === '') throw missingCwdError();
    context.signal.throwIfAborted();
    process.exitCode = await parsed(context);
  } catch (error) {
    process.exitCode = fail(error, context);
  }
  if (context.signal.aborted) {
    // The interrupted command may still wait for the keyboard or a socket.
    restoreTerminal();
    process.exit();
  }
}

function createContext(argv: readonly string[], signal: AbortSignal): CommandContext {
  const { env } = process;
  // Read from argv, so that usage errors, too, are printed in the requested form.
  const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const json = options.includes('--json');
  return {
    output: new Output({ json, verbose: options.includes('--verbose'), env }),
    signal,
    cwd: currentDirectory(),
    env,
    interactive: !json && isInteractive(env),
  };
}

/** Empty when the directory that we were started in has been removed. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

function missingCwdError(): CliError {
  return new CliError(ExitCode.failed, [
    { message: 'The current directory no longer exists.', hint: 'Change to another directory.' },
  ]);
}

function fail(error: unknown, { output, cwd }: CommandContext): ExitCode {
  const failure = error instanceof CliError ? error : bug(error, output.verbose);
  printReport(emptyReport(failure.exitCode, failure.problems), output, cwd);
  return failure.exitCode;
}

/** Commander writes "error: unknown option '--x'", and on a second line its suggestion in brackets. */
function usageError({ error, command }: UsageFailure): UsageError {
  const help = `See ${command} --help.`;
  if (error.code === 'commander.help') {
    return new UsageError([{ message: 'No command given.', hint: help }]);
  }
  const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const message = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}.`;
  return new UsageError([
    { message, hint: suggestion ? `${suggestion.replace(/[()]/g, '')} ${help}` : help },
  ]);
}

function bug(error: unknown, verbose: boolean): CliError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && verbose ? `\n${error.stack}` : '';
  const problem: Problem = {
    message: `Unexpected error: ${message}${stack}`,
    hint: verbose
      ? 'This is a bug in create-mcp-server. Please report it with the lines above.'
      : 'This is a bug in create-mcp-server. Run it again with --verbose for the stack trace, and report it.',
  };
  return new CliError(ExitCode.failed, [problem], { cause: error });
}
