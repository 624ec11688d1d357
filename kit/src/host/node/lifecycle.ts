import type { Logger } from 'pino';
import { ConfigError } from '../../definitions/settings.js';

/** How long the process lives on after its calls have been aborted (milliseconds). The SDK's client kills a stdio server after 2 s. */
const LAST_MS = 1_500;

export interface Lifecycle {
  readonly log: Logger;
  /** How long `stop` may take, in milliseconds, before the calls under way are aborted. */
  readonly timeoutMs: number;
  /** Aborts the calls under way; `stop` finishes then. */
  abortCalls(): void;
  /** Finishes what is under way and closes everything. @param hurry is aborted when it must not wait any longer */
  stop(hurry: AbortSignal): Promise<void>;
}

export interface ProcessEnd {
  /** Begins the end in order, with the exit code that it takes. */
  end(code: number): void;
  /** Aborts the calls under way. What is not answered and closed a moment later is cut. */
  endNow(code: number): void;
}

/**
 * Ends the process in order: on SIGTERM, SIGINT and SIGHUP with exit code 0, after an uncaught error with 1. A second signal or a
 * stop that takes too long aborts the calls under way.
 * @returns starts the same end by hand.
 */
export function superviseProcess({ log, timeoutMs, abortCalls, stop }: Lifecycle): ProcessEnd {
  /** Set when the end begins. */
  let exitCode: number | undefined;
  const hurry = new AbortController();

  const end = (code: number) => {
    if (exitCode !== undefined) return;
    exitCode = code;
    setTimeout(() => {
      log.error(`not stopped within ${timeoutMs} ms`);
      endNow(1);
    }, timeoutMs);
    stop(hurry.signal).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error({ err: error }, 'stop failed');
        endNow(1);
      },
    );
  };

  const endNow = (code: number) => {
    end(code);
    exitCode = Math.max(exitCode ?? 0, code);
    if (hurry.signal.aborted) return;
    abortCalls();
    hurry.abort();
    setTimeout(() => process.exit(exitCode), LAST_MS);
  };

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (exitCode !== undefined) return endNow(1);
      log.info(`${signal}: stopping`);
      end(0);
    });
  }
  // Whoever reads the output may go away: that loses lines, no calls.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      end(1);
      // Also when the end had begun for another reason.
      exitCode = 1;
    });
  }
  return { end, endNow };
}

const ORPHAN_CHECK_MS = 250;

/** Who started this process. */
const parent = process.ppid;

/** Calls `work` once the process that started this one is gone: nobody waits for answers then. */
export function whenOrphaned(work: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    work();
  }, ORPHAN_CHECK_MS);
}

/** Runs a step of the start; a configuration that is not valid is printed and ends the process with exit code 1. */
export function orExit<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
