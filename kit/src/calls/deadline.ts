import { ToolError } from '../definitions/errors.js';
import type { CallRequest } from './call.js';
import { isPromise, type MaybePromise } from './maybe-async.js';
import { aborted, type RunningCalls } from './running-calls.js';

/**
 * Runs `work` until it is done, the caller is gone, `ms` milliseconds are over or the process ends, also when it ignores its signal.
 * The signal is made when `work` asks for it: most calls are over before anything could wait for it.
 * @param begunOverdue is called when the caller is answered and `work` still runs; what it returns, when that has ended.
 * @throws {ToolError} `TIMEOUT`, `CANCELLED` or `ABORTED`
 */
export function withDeadline<T>(
  ms: number,
  request: CallRequest,
  running: RunningCalls,
  work: (signal: () => AbortSignal) => MaybePromise<T>,
  begunOverdue: () => () => void,
): MaybePromise<T> {
  if (running.isAborted) throw aborted();
  let controller: AbortController | undefined;
  let reason: ToolError | undefined;
  let reject: (reason: ToolError) => void = () => {};
  let over = false;
  let isRunning = false;
  let ended: (() => void) | undefined;

  const signal = () => {
    controller ??= new AbortController();
    if (reason !== undefined) controller.abort(reason);
    return controller.signal;
  };
  const stop = (toReason: () => ToolError) => {
    if (over) return;
    over = true;
    running.delete(stop);
    reason = toReason();
    controller?.abort(reason);
    reject(reason);
    if (isRunning) ended = begunOverdue();
  };

  whenGone(request, () => stop(cancelled));
  // Who asked may be gone already.
  if (over) throw cancelled();
  const result = work(signal);
  if (!isPromise(result)) {
    over = true;
    return result;
  }
  return new Promise((resolve, rejectCall) => {
    reject = rejectCall;
    isRunning = true;
    if (reason !== undefined) {
      reject(reason);
      ended = begunOverdue();
    } else {
      running.add(stop);
    }
    const timer = setTimeout(stop, ms, () => timedOut(ms));
    const finish = () => {
      over = true;
      running.delete(stop);
      clearTimeout(timer);
      ended?.();
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
