import type { ServerContext } from '@modelcontextprotocol/server';
import type { Services } from '../app.js';
import { correlationId, type Logger, withCorrelationId } from '../observability/logger.js';
import { type CallContext, notifyProgress } from './context.js';
import { elicit, InputNeeded } from './elicit.js';
import { ToolError } from './errors.js';
import { missingScopes, type Principal } from './principal.js';
import type { RateLimiter } from './rate-limit.js';

/** One call as the pipeline sees it. */
export interface Call {
  readonly kind: 'tool' | 'resource' | 'prompt';
  readonly name: string;
  readonly scopes?: readonly string[];
  readonly timeoutMs?: number;
  readonly limiter?: RateLimiter;
}

/**
 * What every call passes: log, scopes, rate limit, timeout, and then the work itself.
 * @throws {ToolError} for everything that goes wrong; its message may be shown to the caller.
 * @throws {InputNeeded} when the work waits for the human.
 */
export async function runCall<T>(
  call: Call,
  services: Services,
  principal: Principal,
  sdk: ServerContext,
  work: (ctx: CallContext) => T | Promise<T>,
): Promise<T> {
  const id = correlationId() ?? String(sdk.mcpReq.id);
  const log = services.log.child({ [call.kind]: call.name, principal: principal.id });
  const started = performance.now();
  const finish = (outcome: string) =>
    log.info({ outcome, ms: Math.round(performance.now() - started) }, `${call.kind} call`);

  return await withCorrelationId(id, async () => {
    try {
      authorize(call, principal);
      call.limiter?.take(principal.id);
      const timeoutMs = call.timeoutMs ?? services.config.TOOL_TIMEOUT_MS;
      const result = await withDeadline(timeoutMs, sdk.mcpReq.signal, (signal) =>
        work({
          ...services,
          log,
          principal,
          signal,
          progress: (...args) => notifyProgress(sdk, ...args),
          elicit: (message, form) => elicit(sdk, message, form),
        }),
      );
      finish('ok');
      return result;
    } catch (error) {
      if (error instanceof InputNeeded) {
        finish('input_required');
        throw error;
      }
      const shown = error instanceof ToolError ? error : internalError(error, log, id);
      finish(shown.code);
      throw shown;
    }
  });
}

/** What the caller learns of an unexpected error is where its owner finds it in the log. */
function internalError(error: unknown, log: Logger, id: string): ToolError {
  log.error({ err: error }, 'call failed');
  return new ToolError('INTERNAL', `Internal error. Reference: ${id}.`);
}

function authorize(call: Call, principal: Principal): void {
  const missing = missingScopes(principal, call.scopes ?? []);
  if (missing.length === 0) return;
  throw new ToolError('FORBIDDEN', `${call.name} needs the scope ${missing.join(' and ')}.`);
}

/** Runs `work` until it is done, the caller is gone or the time is up, also when it ignores its signal. */
async function withDeadline<T>(
  ms: number,
  caller: AbortSignal,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const cancel = () => controller.abort(new ToolError('CANCELLED', 'The call was cancelled.'));
  const timer = setTimeout(
    () =>
      controller.abort(new ToolError('TIMEOUT', `No answer within ${ms} ms.`, { retryable: true })),
    ms,
  );
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  caller.addEventListener('abort', cancel, { once: true });
  if (caller.aborted) cancel();
  try {
    return await Promise.race([stopped, work(signal)]);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', cancel);
  }
}
