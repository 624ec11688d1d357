import { CliError, ExitCode } from '../errors.js';
import { restoreTerminal } from './terminal.js';

/** After this long our own process ends, whatever it is still waiting for. Its children die with it. */
const PATIENCE_MS = 2500;

/** Somebody pressed Ctrl-C or sent SIGTERM: exit code 130 or 143. */
export class InterruptedError extends CliError {
  constructor(exitCode: typeof ExitCode.interrupted | typeof ExitCode.terminated) {
    super(exitCode, [
      { message: exitCode === ExitCode.interrupted ? 'Cancelled.' : 'Terminated.' },
    ]);
  }
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort signal, so that whoever is at work ends its children and cleans
 * up. A second Ctrl-C, or 2.5 seconds, ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const on = (exitCode: typeof ExitCode.interrupted | typeof ExitCode.terminated) => () => {
    const leave = () => {
      restoreTerminal();
      process.exit(exitCode);
    };
    if (controller.signal.aborted) leave();
    controller.abort(new InterruptedError(exitCode));
    setTimeout(leave, PATIENCE_MS).unref();
  };
  process.on('SIGINT', on(ExitCode.interrupted));
  process.on('SIGTERM', on(ExitCode.terminated));
  process.on('SIGHUP', on(ExitCode.terminated));
  return controller.signal;
}

/** Waits for work, but no longer than until the signal aborts (for prompts, which do not know it). */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
