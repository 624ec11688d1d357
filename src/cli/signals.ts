import { ExitCode, type InterruptCode, InterruptedError } from '../errors.js';
import { restoreTerminal } from '../report/terminal.js';

/** After this long the process exits, whatever it still waits for. Its children end with it. */
const GRACE_MS = 2500;

/** What the signals of this process lead to. */
export interface Interruption {
  /** Aborted by the first signal, with an InterruptedError as its reason. */
  readonly signal: AbortSignal;
  /** Called before the process exits without waiting for the running command, to report it. */
  onForced: (error: InterruptedError) => void;
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort signal, so that the running command ends its children and cleans up.
 * A second signal, or 2.5 seconds, ends the process at once.
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
    setTimeout(leave, GRACE_MS).unref();
  };
  process.on('SIGINT', on(ExitCode.interrupted));
  process.on('SIGTERM', on(ExitCode.terminated));
  process.on('SIGHUP', on(ExitCode.terminated));
  return interruption;
}
