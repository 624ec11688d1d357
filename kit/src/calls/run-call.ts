import { randomUUID } from 'node:crypto';
import type { Services } from './services.js';
import { correlationId, type Logger, withCorrelationId } from '../telemetry/logger.js';
import { InputNeeded, InputRequired } from './ask.js';
import { type CallRequest, eraOf } from './call-request.js';
import { contextsOf, logOf, roundOf } from './call-scope.js';
import type { CallContext } from './context.js';
import { withDeadline } from './deadline.js';
import { ToolError } from './errors.js';
import { andThen, type MaybePromise, orElse } from './maybe-async.js';
import { isNetworkError } from './network-error.js';
import { missingScopes, type Principal } from './principal.js';
{{> run-call/imports}}

/** One call as the pipeline sees it. */
export interface Call {
  readonly kind: 'tool' | 'resource' | 'prompt';
  readonly name: string;
  /** It does not run: somebody types one of its arguments, and wants to know what fits. */
  readonly isCompletion?: true;
  /** The address of a resource that is read. */
  readonly uri?: string;
  /** What it was called with, for the audit log. */
  readonly input?: unknown;
  readonly scopes?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
  /** How many calls one caller may make. */
  readonly perMinute?: number | undefined;
}

/**
 * What every call passes: audit, scopes, limits, timeout, and then the work itself. What has nothing to wait for is done at once.
 * @throws {ToolError} for everything that goes wrong; its message may be shown to the caller.
 * @throws {InputRequired} when the client has to answer something first.
 */
export function runCall<T>(
  call: Call,
  services: Services,
  principal: Principal,
  request: CallRequest,
  work: (ctx: CallContext) => MaybePromise<T>,
): MaybePromise<T> {
  const outer = correlationId();
  const id = outer ?? String(request.mcpReq.id);
  const era = eraOf(request.mcpReq);
  const started = performance.now();
  const Context = contextsOf(services);
  const log = () => logOf(call, services, principal);
  {{> run-call/begin}}
  const finish = (outcome: string) => {
    const ms = performance.now() - started;
    services.audit.record({ call, principal, outcome, ms, correlationId: id, era });
    {{> run-call/finish}}
  };

  const fail = (error: unknown): never => {
    const isKnown = error instanceof ToolError || error instanceof InputRequired;
    const shown = isKnown ? error : unexpected(error, log, id);
    finish(shown instanceof ToolError ? shown.code : 'input_required');
    throw shown;
  };
  const attempt = () => {
    authorize(call, principal);
    {{> run-call/admit}}
    const timeoutMs = call.timeoutMs ?? services.config.TOOL_TIMEOUT_MS;
    const result = services.limits.run(call, principal, () =>
      withDeadline(timeoutMs, request, (signal) =>
        work(new Context(call, services, principal, request, signal)),
      ),
    );
    return andThen(result, (value) => {
      finish('ok');
      return value;
    });
  };
  const run = () =>
    orElse(attempt, (error) =>
      error instanceof InputNeeded
        ? inputRequired(error, roundOf(call, principal), services).then(fail, fail)
        : fail(error),
    );
  {{> run-call/run}}
}

/** Turns questions into a result. The library that words them is loaded when somebody asks the first one. */
async function inputRequired(
  { questions, kept }: InputNeeded,
  round: string,
  { rounds }: Services,
): Promise<InputRequired> {
  const { inputRequiredResult } = await import('./ask-library.js');
  const state = await rounds.sign({ id: randomUUID(), call: round, ...kept });
  return new InputRequired(inputRequiredResult(questions, state));
}

/** What the caller learns of an unexpected error is where its owner finds it in the log. */
function unexpected(error: unknown, log: () => Logger, id: string): ToolError {
  log().error({ err: error }, 'call failed');
  if (isNetworkError(error)) {
    const message = `A service that this call needs cannot be reached. Reference: ${id}.`;
    return new ToolError('UPSTREAM_UNAVAILABLE', message, { retryable: true });
  }
  return new ToolError('INTERNAL', `Internal error. Reference: ${id}.`);
}

function authorize(call: Call, principal: Principal): void {
  const missing = missingScopes(principal, call.scopes ?? []);
  if (missing.length === 0) return;
  throw new ToolError('FORBIDDEN', `${call.name} needs the scope ${missing.join(' and ')}.`);
}
