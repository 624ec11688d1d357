import type { ClientCapabilities, McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { type Principal, ToolError } from '../definitions/definitions.js';
import { type Timer, unref } from '../host/host.js';

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

/** What a call reads of the request behind it: a part of the MCP SDK's context. */
export interface CallRequest {
  readonly mcpReq: Pick<
    ServerContext['mcpReq'],
    'id' | '_meta' | 'envelope' | 'signal' | 'notify' | 'log' | 'inputResponses' | 'requestState'
  >;
  /** Knows what a client of 2025 said when it connected. */
  readonly server?: { readonly server: Pick<McpServer['server'], 'getClientCapabilities'> };
  /** Calls `work` when the caller has gone; cheaper than the signal. */
  whenGone?(work: () => void): void;
}

/** How one call ended. */
export interface CallEnd {
  readonly call: Call;
  readonly principal: Principal;
  /** `ok`, `input_required`, or the code of the error. */
  readonly outcome: string;
  readonly ms: number;
  readonly correlationId: string;
  /** The version of the protocol that the caller spoke: 2026-07-28, or 2025 for all before it. */
  readonly era: string;
}

type VersionedRequest = Pick<CallRequest['mcpReq'], 'envelope' | '_meta'>;

/** The family of the protocol that a request is of; in 2026-07-28 each one says its version. */
export function protocolVersionOf({ envelope, _meta }: VersionedRequest): '2025' | '2026-07-28' {
  const saysVersion = envelope !== undefined || _meta?.[PROTOCOL_VERSION] !== undefined;
  return saysVersion ? '2026-07-28' : '2025';
}

/**
 * The keys of `_meta` in 2026-07-28. The MCP SDK has them, too, but what needs only their names should not have to load it.
 * @see https://modelcontextprotocol.io/specification/draft/basic
 */
export const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** What the client can do: it says so with every request, an older one when it connects. */
export function clientCapabilities({ mcpReq, server }: CallRequest): ClientCapabilities {
  const envelope = mcpReq.envelope as { [CLIENT_CAPABILITIES]?: ClientCapabilities };
  return envelope?.[CLIENT_CAPABILITIES] ?? server?.server.getClientCapabilities() ?? {};
}

/** Whether the client can show forms: elicitation without a mode means forms. */
export function canShowForms(request: CallRequest): boolean {
  const { elicitation } = clientCapabilities(request);
  return (
    elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
  );
}

type Abort = (toReason: () => ToolError) => void;

/** The calls that run in this process. Its end aborts them, so that each has an answer and a line in the audit log. */
export class RunningCalls {
  readonly #aborts = new Set<Abort>();
  #count = 0;
  #isAborted = false;
  #onEmpty: (() => void) | undefined;

  began(): void {
    this.#count += 1;
  }

  /** A call has its line in the audit log. */
  ended(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onEmpty?.();
  }

  /** Resolves when no call runs. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Whether calls end before they begin. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Has `abort` called when the process ends before the work of the call. */
  add(abort: Abort): void {
    this.#aborts.add(abort);
  }

  delete(abort: Abort): void {
    this.#aborts.delete(abort);
  }

  /** Ends the work of all calls, and of each that is still to begin. */
  abort(): void {
    this.#isAborted = true;
    for (const abort of this.#aborts) abort(aborted);
  }
}

/** Why a call has no result when the process ends. */
export function aborted(): ToolError {
  return new ToolError('ABORTED', 'The server is shutting down. Try again in 1 s.', {
    retryable: true,
    retryAfter: 1,
  });
}

/** How long a call may take to stop, and how often the log names those that have not, in milliseconds. */
const GRACE_MS = 1_000;
const REPEAT_MS = 60_000;

/** Calls that still run although they were answered: they timed out or were cancelled, and their work goes on. */
export class OverdueCalls {
  readonly #all = new Set<{ readonly name: string; readonly since: number }>();
  readonly #ofCaller = new Map<string, number>();
  #nextReport: Timer | undefined;

  constructor(private readonly log: Logger) {}

  get count(): number {
    return this.#all.size;
  }

  /** How many are of one caller. */
  countOf(caller: string): number {
    return this.#ofCaller.get(caller) ?? 0;
  }

  /** @returns what to call when the work has ended. */
  begin({ name }: Call, { id }: Principal): () => void {
    const call = { name, since: performance.now() };
    this.#all.add(call);
    this.#ofCaller.set(id, this.countOf(id) + 1);
    this.#nextReport ??= unref(setTimeout(() => this.#report(), GRACE_MS));
    return () => {
      this.#all.delete(call);
      const left = this.countOf(id) - 1;
      if (left > 0) this.#ofCaller.set(id, left);
      else this.#ofCaller.delete(id);
    };
  }

  #report(): void {
    const late = performance.now() - GRACE_MS;
    const names = [...this.#all].filter(({ since }) => since <= late).map(({ name }) => name);
    if (names.length > 0) {
      const details = { calls: names.length, names: [...new Set(names)] };
      this.log.warn(details, 'calls still run after they were answered: they ignore their signal');
    }
    const pause = names.length > 0 ? REPEAT_MS : GRACE_MS;
    this.#nextReport =
      this.#all.size > 0 ? unref(setTimeout(() => this.#report(), pause)) : undefined;
  }
}

/**
 * Steps of a call that go on at once when what they wait for is there already. To await each of them would cost more than most
 * tools do.
 */
export type MaybePromise<T> = T | PromiseLike<T>;

/** `next(value)`, now or once the value is there. */
export function andThen<T, R>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** What `work` gives, or what `otherwise` makes of its failure, now or later. */
export function orElse<T>(
  work: () => MaybePromise<T>,
  otherwise: (error: unknown) => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const result = work();
    return isPromise(result) ? result.then(undefined, otherwise) : result;
  } catch (error) {
    return otherwise(error);
  }
}

/** Queries of some libraries are no `Promise` and start when they are waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
