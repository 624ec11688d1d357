import type { Logger } from './observability/logger.js';

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
  let stopping = false;

  const end = (code: number) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      log.error(`not stopped within ${timeoutMs} ms`);
      process.exit(1);
    }, timeoutMs);
    stop().then(
      () => process.exit(code),
      (error: unknown) => {
        log.error({ err: error }, 'stop failed');
        process.exit(1);
      },
    );
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      log.info(`${signal}: stopping`);
      end(0);
    });
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      end(1);
    });
  }
  return end;
}
