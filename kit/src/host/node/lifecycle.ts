import type { Logger } from '../../telemetry/logger.js';

export interface Lifecycle {
  readonly log: Logger;
  /** How long `stop` may take, in milliseconds, before the process ends all the same. */
  readonly timeoutMs: number;
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>;
}

/**
 * Ends the process in order: on SIGTERM and SIGINT with exit code 0, after an uncaught error with 1. A second signal or a
 * stop that takes too long ends it at once.
 * @returns starts the same end by hand, with the exit code that it takes.
 */
export function superviseProcess({ log, timeoutMs, stop }: Lifecycle): (code: number) => void {
  /** Set when the end begins. */
  let exitCode: number | undefined;

  const end = (code: number) => {
    if (exitCode !== undefined) return;
    exitCode = code;
    setTimeout(() => {
      log.error(`not stopped within ${timeoutMs} ms`);
      process.exit(1);
    }, timeoutMs);
    stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error({ err: error }, 'stop failed');
        process.exit(1);
      },
    );
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (exitCode !== undefined) process.exit(1);
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
  return end;
}
