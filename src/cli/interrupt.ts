import { CliError, ExitCode } from '../errors.js';
import { restoreTerminal } from '../report/terminal.js';

/** After this long our own process ends, whatever it is still waiting for. Its children die with it. */
const PATIENCE_MS = 2500;

type InterruptCode = typeof ExitCode.interrupted | typeof ExitCode.terminated;

/** Somebody pressed Ctrl-C or sent SIGTERM: exit code 130 or 143. */
export class InterruptedError extends CliError {
  constructor(
    exitCode: InterruptCode,
    message = exitCode === ExitCode.interrupted ? 'Cancelled.' : 'Terminated.',
  ) {
    super(exitCode, [{ message }]);
  }
}

/** What comes of signals. */
export interface Interruption {
  /** Aborted by the first signal, with an InterruptedError as its reason. */
  readonly signal: AbortSignal;
  /** Called before the process ends at once, without the end of the work; for the last words. */
  onForced: (error: InterruptedError) => void;
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort signal, so that whoever is at work ends its children and cleans
 * up. A second Ctrl-C, or 2.5 seconds, ends the process at once.
 */
export function listenForSignals(): Interruption {
  const controller = new AbortController();
  const interruption: Interruption = { signal: controller.signal, onForced: () => {} };
  const on = (exitCode: InterruptCode) => () => {
    const error = new InterruptedError(exitCode);
    const leave = () => {
      restoreTerminal();
      interruption.onForced(error);
      process.exit(exitCode);
    };
    if (controller.signal.aborted) leave();
    controller.abort(error);
    setTimeout(leave, PATIENCE_MS).unref();
  };
  process.on('SIGINT', on(ExitCode.interrupted));
  process.on('SIGTERM', on(ExitCode.terminated));
  process.on('SIGHUP', on(ExitCode.terminated));
  return interruption;
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
