import type { ScopeChallengeHandler } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type { Changes, Definitions, Principal, ServerInfo } from '../definitions/definitions.js';
import type { CallSettings } from '../definitions/settings.js';
import type { Host } from '../host/host.js';
import type {
  Call,
  CallEnd,
  CallRequest,
  MaybePromise,
  OverdueCalls,
  RunningCalls,
} from './call.js';
import type { CallStateCodec, Cursors } from './client-state.js';

/** What lives as long as the process and every call passes. */
export interface Services {
  readonly about: ServerInfo;
  readonly definitions: Definitions;
  /** For the model: how to use this server. */
  readonly instructions?: string | undefined;
  readonly config: CallSettings;
  readonly host: Host;
  readonly log: Logger;
  /** They see every call: the audit log, the metrics. */
  readonly observers: readonly CallObserver[];
  readonly limits: Limits;
  readonly running: RunningCalls;
  readonly overdue: OverdueCalls;
  readonly policy: Policy;
  readonly changes: Changes;
  /** What clients keep between the rounds of a call. */
  readonly callStates: CallStateCodec;
  /** Where the pages of long lists begin. */
  readonly cursors: Cursors;
  readonly tracing?: Tracing | undefined;
  /** What the context of every call has besides: the settings, and what the server's parts have opened. */
  readonly shared: object;
}

export interface CallObserver {
  began?(call: Call, request: CallRequest): void;
  ended(end: CallEnd): void;
}

/** Keeps callers within what the server and its tools allow. */
export interface Limits {
  /**
   * Does the work of a call when its caller may do it now. It takes one of its caller's places until it has really ended.
   * @throws {ToolError} `RATE_LIMITED` or `TOO_MANY_CALLS`; the call may be repeated later.
   */
  run<T>(call: Call, principal: Principal, work: () => MaybePromise<T>): MaybePromise<T>;
}

/** What a caller may do. */
export interface Access {
  /** `name` is the name of a tool or a prompt, or the URI of a resource. */
  allows(kind: 'tool' | 'prompt' | 'resource', name: string): boolean;
  /** Whether some address of a URI template may be read. */
  allowsSomeOf(uriTemplate: string): boolean;
  needsApproval(tool: string): boolean;
}

/** Who may do what. */
export interface Policy {
  /** Whether it can change while the server runs, and differs between callers. */
  readonly isLive: boolean;
  /** What this caller may do, the same object for all who may do the same. */
  accessOf(principal: Principal): Access;
  /** Runs the work of a call when a person has approved it. */
  readonly approvals?: Approvals | undefined;
}

export interface Approvals {
  /**
   * @throws {InputNeeded} when the person has to be asked first.
   * @throws {ToolError} when the person said no, or the client cannot ask.
   */
  run<T>(asked: ApprovalRequest, work: () => T | Promise<T>): Promise<T>;
}

/** A call that a person has to approve. */
export interface ApprovalRequest {
  readonly tool: string;
  readonly args: unknown;
  readonly principal: Principal;
  readonly request: CallRequest;
}

const EVERYTHING: Access = {
  allows: () => true,
  allowsSomeOf: () => true,
  needsApproval: () => false,
};

/** Where there is no policy everyone who is let in may do everything. */
export const NO_POLICY: Policy = { isLive: false, accessOf: () => EVERYTHING };

/** Says how a caller gets the scopes that a call needs, where the server is an OAuth resource. */
export type StepUp = (needed: readonly string[], principal: Principal) => ScopeChallengeHandler;

/** Claimed for the first time, claimed before, or of a set that is not there: nobody knows whether it was claimed. */
export type NonceClaim = 'first' | 'again' | 'unknown';

/**
 * Ids that count once. Each belongs to a set, which remembers those that were claimed. Where a set is not there (after a restart, at
 * another replica without Redis), none of its ids counts.
 */
export interface NonceStore {
  /** The set that a new id belongs to; it is there for at least `seconds`. */
  setForNew(seconds: number): string | Promise<string>;
  claim(id: string, set: string): NonceClaim | Promise<NonceClaim>;
}

/** What a request says of itself. */
export type RequestMetadata = Pick<CallRequest['mcpReq'], 'id' | '_meta'>;

/** The span of one call. */
export interface CallSpan {
  /** Runs `work` inside the span: what it logs, queries and fetches belongs to it. */
  run<T>(work: () => T): T;
  end(outcome: string): void;
}

/** What a database is asked. */
export interface Statement {
  /** Which kind of database it is. */
  readonly system: string;
  /** Without values. */
  readonly text: string;
}

export interface Tracing {
  begin(call: Call, said: RequestMetadata, era: string): MaybePromise<CallSpan>;
  /** Runs a statement in a span of its own. */
  query<T>(statement: Statement, run: () => Promise<T>): Promise<T>;
  /** A request came with these headers. */
  received?(headers: { get(name: string): string | null }): void;
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>;
}

/** Lets `burst` calls through at once; `perMinute` tokens come back evenly over a minute. */
export interface Bucket {
  readonly key: string;
  readonly perMinute: number;
  readonly burst: number;
}

export interface RateLimiter {
  /**
   * Takes one token out of each bucket or, when one of them is empty, out of none.
   * @returns 0, or the milliseconds after which there is a token in each.
   */
  take(buckets: readonly Bucket[]): number | Promise<number>;
}
