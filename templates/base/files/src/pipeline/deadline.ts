import type { CallRequest } from './call-request.js';
import { ToolError } from './errors.js';

/**
 * Runs `work` until it is done, the caller is gone or the time is up, also when it ignores its signal. The signal is made when
 * `work` asks for it: most calls are over before anything could wait for it.
 * @throws {ToolError} `TIMEOUT` or `CANCELLED`
 */
export function withDeadline<T>(
  ms: number,
  request: CallRequest,
  work: (signal: () => AbortSignal) => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let controller: AbortController | undefined;
    let over = false;
    let reason: ToolError | undefined;

    const signal = () => {
      controller ??= new AbortController();
      if (reason !== undefined) controller.abort(reason);
      return controller.signal;
    };
    const finish = () => {
      over = true;
      clearTimeout(timer);
    };
    const stop = (toReason: () => ToolError) => {
      if (over) return;
      finish();
      reason = toReason();
      controller?.abort(reason);
      reject(reason);
    };
    const timer = setTimeout(stop, ms, () => timedOut(ms));
    whenGone(request, () => stop(cancelled));
    if (over) return;

    const run = async () => work(signal);
    run().then(
      (result) => {
        finish();
        resolve(result);
      },
      (error: unknown) => {
        finish();
        reject(error);
      },
    );
  });
}

function whenGone(request: CallRequest, work: () => void): void {
  if (request.whenGone !== undefined) {
    request.whenGone(work);
    return;
  }
  const { signal } = request.mcpReq;
  if (signal.aborted) work();
  else signal.addEventListener('abort', work, { once: true });
}

const timedOut = (ms: number) =>
  new ToolError('TIMEOUT', `No answer within ${ms} ms.`, { retryable: true });
const cancelled = () => new ToolError('CANCELLED', 'The call was cancelled.');
