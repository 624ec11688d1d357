import type { Logger } from 'pino';
import {
  type CallContext,
  isNetworkError,
  missingScopes,
  type Principal,
  ToolError,
} from '../definitions/definitions.js';
import {
  aborted,
  andThen,
  type Call,
  type CallRequest,
  canShowForms,
  clientCapabilities,
  isPromise,
  type MaybePromise,
  orElse,
  protocolVersionOf,
  type RunningCalls,
} from './call.js';
import {
  CallQuestions,
  type CallState,
  formatArguments,
  InputNeeded,
  InputRequired,
} from './client-state.js';
import type { Access, CallSpan, Services } from './services.js';

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
  const { requests } = services.host;
  const outer = requests.getStore()?.id;
  const id = outer ?? String(request.mcpReq.id);
  const era = protocolVersionOf(request.mcpReq);
  const started = performance.now();
  const Context = contextsOf(services);
  const log = () => logOf(call, services, principal);
  const { observers, running, tracing } = services;
  running.began();
  for (const observer of observers) observer.began?.(call, request);
  let span: CallSpan | undefined;
  const finish = (outcome: string) => {
    const ms = performance.now() - started;
    const end = { call, principal, outcome, ms, correlationId: id, era };
    for (const observer of observers) observer.ended(end);
    running.ended();
    span?.end(outcome);
  };

  const fail = (error: unknown): never => {
    const isKnown = error instanceof ToolError || error instanceof InputRequired;
    const shown = isKnown ? error : unexpected(error, log, id);
    finish(shown instanceof ToolError ? shown.code : 'input_required');
    throw shown;
  };
  const attempt = () => {
    authorize(call, principal);
    admit(call, services.policy.accessOf(principal));
    const timeoutMs = call.timeoutMs ?? services.config.TOOL_TIMEOUT_MS;
    // The limits see the end of the work, not that of the wait for it: until then it takes its caller's place.
    const result = withDeadline(
      timeoutMs,
      request,
      services.running,
      (signal) =>
        services.limits.run(call, principal, () =>
          work(new Context(call, services, principal, request, signal)),
        ),
      () => services.overdue.begin(call, principal),
    );
    return andThen(result, (value) => {
      finish('ok');
      return value;
    });
  };
  const run = () =>
    orElse(attempt, (error) =>
      error instanceof InputNeeded
        ? inputRequired(error, callFingerprint(call, principal, services), services).then(
            fail,
            fail,
          )
        : fail(error),
    );
  if (tracing === undefined) return outer === undefined ? requests.run({ id }, run) : run();
  const inSpan = () =>
    andThen(tracing.begin(call, request.mcpReq, era), (begun) => {
      span = begun;
      return begun.run(run);
    });
  return outer === undefined ? requests.run({ id }, inSpan) : inSpan();
}

/** Encodes questions as a result. The MCP SDK's encoder is loaded with the first question. */
async function inputRequired(
  { questions, kept }: InputNeeded,
  round: string,
  { callStates }: Services,
): Promise<InputRequired> {
  const { inputRequiredResult } = await import('./input-required.js');
  const state = await callStates.sign({ id: crypto.randomUUID(), call: round, ...kept });
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

/**
 * Checks a call that was registered for its caller: one URI template has addresses that may be read and others that may not.
 * @throws {ToolError} `NOT_FOUND`: for a caller, what it may not do is not there.
 */
function admit({ kind, name, uri }: Call, access: Access): void {
  const allowed = uri === undefined || access.allows('resource', uri);
  if (allowed && (kind === 'resource' || access.allows(kind, name))) return;
  throw new ToolError('NOT_FOUND', `${name} is not there.`);
}

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

/** What only one call has. It is made when it is asked for: most calls ask for little, and are over soon. */
class CallScope {
  #log: Logger | undefined;
  #asking: CallQuestions | undefined;

  constructor(
    private readonly call: Call,
    private readonly services: Services,
    readonly principal: Principal,
    private readonly request: CallRequest,
    private readonly signalOf: () => AbortSignal,
  ) {}

  get log(): CallContext['log'] {
    this.#log ??= logOf(this.call, this.services, this.principal);
    return this.#log;
  }
  get signal(): CallContext['signal'] {
    return this.signalOf();
  }
  get wantsProgress(): CallContext['wantsProgress'] {
    return this.request.mcpReq._meta?.progressToken !== undefined;
  }
  get progress(): CallContext['progress'] {
    return (...args) => notifyProgress(this.request, ...args);
  }
  get notify(): CallContext['notify'] {
    const { request, call } = this;
    return (level, data) => request.mcpReq.log(level, data, call.name);
  }
  get canAsk(): CallContext['canAsk'] {
    const { request } = this;
    return (kind) =>
      kind === 'elicitation' ? canShowForms(request) : kind in clientCapabilities(request);
  }
  get ask(): CallContext['ask'] {
    return (questions) => this.#questions().ask(questions);
  }
  get elicit(): CallContext['elicit'] {
    return (message, form) => this.#questions().one('form', { elicit: message, form });
  }
  get sample(): CallContext['sample'] {
    return (params) => this.#questions().one('sample', { sample: params });
  }

  #questions(): CallQuestions {
    const state = this.request.mcpReq.requestState<CallState>();
    const isOurs = state?.call === callFingerprint(this.call, this.principal, this.services);
    this.#asking ??= new CallQuestions(this.request, isOurs ? state : undefined);
    return this.#asking;
  }
}

type ContextClass = new (...scope: ConstructorParameters<typeof CallScope>) => CallContext;
const known = new WeakMap<Services, ContextClass>();

/** The class of all contexts of an app. They inherit its services: to copy those would cost more than most calls do. */
function contextsOf(services: Services): ContextClass {
  let made = known.get(services);
  if (made === undefined) {
    made = class extends CallScope {} as unknown as ContextClass;
    Object.assign(made.prototype, services.shared);
    known.set(services, made);
  }
  return made;
}

/** A log whose lines name the call. */
function logOf({ kind, name }: Call, { log }: Services, { id }: Principal): Logger {
  return log.child({ [kind]: name, principal: id });
}

/** Tells whose answers count: those to questions of the same call, with the same arguments. */
function callFingerprint(
  { kind, name, uri, input }: Call,
  { id }: Principal,
  { host }: Pick<Services, 'host'>,
): string {
  const text = JSON.stringify([id, kind, name, uri, formatArguments(input, host)]);
  return host.sha256(text, 'base64url');
}

/** Sends `notifications/progress` for a request, if it carries a progress token. */
async function notifyProgress(
  { mcpReq }: CallRequest,
  progress: number,
  total?: number,
  message?: string,
): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await mcpReq.notify({
    method: 'notifications/progress',
    params: {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    },
  });
}
