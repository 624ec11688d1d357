import type {
  CreateMessageRequestParams,
  CreateMessageResult,
  LoggingLevel,
  Root,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type * as z from 'zod/v4';
import type { Changes } from './changes.js';
import type { Metrics } from './metrics.js';
import type { Principal } from './principal.js';
import type { CallSettings } from './settings.js';

/** What a tool, a resource or a prompt has at hand while it answers one call, besides the services of the server's parts. */
export interface CallContext {
  /** The server's settings, read once at start. */
  readonly config: CallSettings;
  /** Logs a line that names the call. */
  readonly log: Logger;
  /** Tells clients what has changed. */
  readonly changes: Pick<Changes, 'resourceUpdated' | 'resourcesChanged'>;
  /** For figures of your own; register them once, outside of calls. */
  readonly metrics: Metrics;
  /** Aborted when the caller cancels or disconnects, the time is up or the process ends. Pass it on to everything that waits. */
  readonly signal: AbortSignal;
  readonly principal: Principal;
  /** Tells the caller how far the work is. Does nothing when the caller did not ask for it. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** Sends a line to the client's log, at the level that the client asked for. `log` is the server's own. */
  notify(level: LoggingLevel, data: unknown): Promise<void>;
  /** Whether the client says that it can answer such questions. */
  canAsk(kind: 'elicitation' | 'sampling' | 'roots'): boolean;
  /**
   * Asks the client, several questions at once. The call ends here and is repeated with the answers, so do nothing that
   * must not happen twice before it. Answers count for the same arguments alone: an input must have no default that differs
   * each time.
   */
  ask<const Asked extends Questions>(questions: Asked): Answers<Asked>;
  /**
   * Asks the human behind the client to fill in a small form; otherwise like `ask`.
   * @returns the answer, or `undefined` when the human declined.
   */
  elicit<Form extends z.ZodObject>(message: string, form: Form): z.output<Form> | undefined;
  /** Asks the client's model; otherwise like `ask`. */
  sample(params: CreateMessageRequestParams): CreateMessageResult;
}

/** What only the client can answer: a form for its human, a text from its model, the folders that it has open. */
export type Question =
  | { readonly elicit: string; readonly form: z.ZodObject }
  | { readonly sample: CreateMessageRequestParams }
  | { readonly roots: true };

/** Questions by keys of their own. */
export type Questions = Readonly<Record<string, Question>>;

/** The answer to a question; `undefined` when the human declined a form. */
export type Answer<Q extends Question> = Q extends { form: infer Form extends z.ZodObject }
  ? z.output<Form> | undefined
  : Q extends { sample: unknown }
    ? CreateMessageResult
    : readonly Root[];

export type Answers<Asked> = {
  readonly [Key in keyof Asked]: Asked[Key] extends Question ? Answer<Asked[Key]> : never;
};
