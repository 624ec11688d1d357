import { ToolError } from '../definitions/errors.js';
import type { CallRequest } from './call.js';
import { isPromise, type MaybePromise } from './maybe-async.js';

/**
 * Runs `work` until it is done, the caller is gone or `ms` milliseconds are over, also when it ignores its signal. The signal is
 * made when `work` asks for it: most calls are over before anything could wait for it.
 * @throws {ToolError} `TIMEOUT` or `CANCELLED`
 */
export function withDeadline<T>(
  ms: number,
  request: CallRequest,
  work: (signal: () => AbortSignal) => MaybePromise<T>,
): MaybePromise<T> {
  let controller: AbortController | undefined;
  let reason: ToolError | undefined;
  let reject: (reason: ToolError) => void = () => {};
  let over = false;

  const signal = () => {
    controller ??= new AbortController();
    if (reason !== undefined) controller.abort(reason);
    return controller.signal;
  };
  const stop = (toReason: () => ToolError) => {
    if (over) return;
    over = true;
    reason = toReason();
    controller?.abort(reason);
    reject(reason);
  };

  whenGone(request, () => stop(cancelled));
  const result = work(signal);
  if (!isPromise(result)) {
    over = true;
    return result;
  }
  return new Promise((resolve, rejectCall) => {
    reject = rejectCall;
    if (reason !== undefined) reject(reason);
    const timer = setTimeout(stop, ms, () => timedOut(ms));
    const finish = () => {
      over = true;
      clearTimeout(timer);
    };
    result.then(
      (value) => {
        finish();
        resolve(value);
      },
      (error: unknown) => {
        finish();
        rejectCall(error);
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
