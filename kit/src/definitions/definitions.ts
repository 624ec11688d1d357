import type {
  CallToolResult,
  ContentBlock,
  CreateMessageRequestParams,
  CreateMessageResult,
  LoggingLevel,
  PromptMessage,
  ReadResourceResult,
  Root,
  ServerEvent,
  ToolAnnotations,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type * as z from 'zod/v4';
import type { CallSettings } from './settings.js';

/** Who a server says it is. */
export interface ServerInfo {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
}

/** Modules of definitions, as `import * as tools from './tools/index.js'` gives them. */
export interface DefinitionModules<Context = never> {
  readonly tools: Readonly<Record<string, Tool<Context>>>;
  readonly resources?: Readonly<Record<string, Resource<Context> | ResourceTemplate<Context>>>;
  readonly prompts?: Readonly<Record<string, Prompt<Context>>>;
}

/** Everything that a server offers. */
export class Definitions {
  /** Grows when something else is offered than before, which only `LiveDefinitions` does. */
  readonly version: number = 0;
  /** What names begin with that come and go. The policy may name them while they are away. */
  readonly prefixes: readonly string[] = [];
  /** By name. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly resources: readonly (Resource | ResourceTemplate)[];
  readonly prompts: readonly Prompt[];
  /** Whether something can complete its arguments. */
  readonly offersCompletions: boolean;
  /** Every scope that something needs. */
  readonly scopes: readonly string[];

  constructor({ tools, resources = {}, prompts = {} }: DefinitionModules) {
    this.tools = new Map(Object.values(tools).map((tool) => [tool.name, tool]));
    this.resources = Object.values(resources);
    this.prompts = Object.values(prompts);
    this.offersCompletions = [...this.prompts, ...this.resources].some((one) => 'complete' in one);
    const all = [...this.tools.values(), ...this.resources, ...this.prompts];
    this.scopes = [...new Set(all.flatMap(({ scopes }) => scopes ?? []))];
  }

  /** Whether what is offered can change while the server runs. */
  get isLive(): boolean {
    return this instanceof LiveDefinitions;
  }
}

/** What a catalogue offers at the moment. */
export interface Offer {
  readonly tools: readonly Tool[];
  readonly resources: readonly (Resource | ResourceTemplate)[];
  readonly prompts: readonly Prompt[];
  readonly prefixes: readonly string[];
  readonly scopes: readonly string[];
  readonly completions: boolean;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Definitions of which some come and go. Its fields are replaced, so that whoever reads them pays nothing for that; what is made of
 * them and kept compares `version`.
 */
export class LiveDefinitions extends Definitions {
  constructor(private readonly own: Definitions) {
    super({ tools: {} });
    this.offer({
      tools: [],
      resources: [],
      prompts: [],
      prefixes: [],
      scopes: [],
      completions: false,
    });
  }

  /** Offers this besides what the project defines, which keeps its names. @returns what was left out, by name or address */
  offer({ tools, resources, prompts, prefixes, scopes, completions }: Offer): string[] {
    const { own } = this;
    const all = this as Writable<Definitions>;
    const addressOf = (one: Resource | ResourceTemplate) =>
      'uri' in one ? one.uri : one.uriTemplate;
    const taken = {
      resources: new Set(own.resources.map(addressOf)),
      prompts: new Set(own.prompts.map(({ name }) => name)),
    };
    all.tools = new Map([...tools.map((tool) => [tool.name, tool] as const), ...own.tools]);
    all.resources = [
      ...own.resources,
      ...resources.filter((one) => !taken.resources.has(addressOf(one))),
    ];
    all.prompts = [...own.prompts, ...prompts.filter(({ name }) => !taken.prompts.has(name))];
    all.prefixes = prefixes;
    all.scopes = [...new Set([...own.scopes, ...scopes])];
    all.offersCompletions = own.offersCompletions || completions;
    all.version += 1;
    return [
      ...tools.filter(({ name }) => own.tools.has(name)).map(({ name }) => name),
      ...resources.map(addressOf).filter((address) => taken.resources.has(address)),
      ...prompts.filter(({ name }) => taken.prompts.has(name)).map(({ name }) => name),
    ];
  }
}

/** Definitions that come and go, such as those of other servers. */
export interface Catalogue {
  /** Offers what there is from now on. @returns resolves when there is a first offer, or it has taken too long. */
  serve(definitions: LiveDefinitions): Promise<void>;
  close(): void | Promise<void>;
}

/** The answer of a tool word for word, where it comes from another server. */
export class ForwardedResult {
  constructor(readonly result: CallToolResult) {}
}

/** What was read of a resource word for word, where it comes from another server. */
export class ForwardedContents {
  constructor(readonly contents: ReadResourceResult['contents']) {}
}

interface ToolBase<Input extends z.ZodObject> {
  /** `^[a-zA-Z0-9_-]{1,64}$`; clients refuse other names. */
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, and what comes back. */
  readonly description: string;
  readonly input: Input;
  readonly annotations: Required<Omit<ToolAnnotations, 'title'>>;
  /** What the caller must be allowed to do. */
  readonly scopes?: readonly string[];
  /** Tighter than the server's defaults. */
  readonly limits?: { readonly perMinute?: number; readonly timeoutMs?: number };
}

/** A tool whose result is data; the model gets it as JSON, too. */
export interface Tool<
  Context = never,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject | undefined = z.ZodObject | undefined,
> extends ToolBase<Input> {
  /** The data that come back. Without it the result is content to be looked at: texts, images, sounds, resources. */
  readonly output?: Output;
  /** @throws {ToolError} with a message for the model; any other error stays inside. */
  run(input: z.output<Input>, ctx: Context): ToolResult<Output> | Promise<ToolResult<Output>>;
}

export type ToolResult<Output> =
  | ForwardedResult
  | (Output extends z.ZodObject ? z.input<Output> : ContentBlock[]);

/** A text, or bytes. */
export type TextOrBytes = string | Uint8Array;

/** What is at an address, where its kind differs from one address to the next. */
export interface TypedContents {
  readonly contents: TextOrBytes;
  readonly mimeType: string;
}

/** What a resource gives. */
export type ResourceContents = TextOrBytes | TypedContents | ForwardedContents;

interface ResourceBase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** That of what is read, unless that has its own. */
  readonly mimeType: string;
  readonly scopes?: readonly string[];
  /** How long clients may keep what they have read. By default not at all. */
  readonly cacheSeconds?: number;
}

/** A resource at a fixed address. */
export interface Resource<Context = never> extends ResourceBase {
  readonly uri: string;
  read(ctx: Context): ResourceContents | Promise<ResourceContents>;
}

/** Resources at every address that fits a URI template (RFC 6570). */
export interface ResourceTemplate<Context = never> extends ResourceBase {
  readonly uriTemplate: string;
  /**
   * The resources that a client can offer for picking, in an order that stays. Without regard to `page` it is everything;
   * what is too much for one answer is cut into pages.
   */
  list?(ctx: Context, page: Page): ListedResource[] | Promise<ListedResource[]>;
  /** Suggests values while somebody types a variable. */
  readonly complete?: Readonly<Record<string, Completer<Context>>>;
  /** @throws {ToolError} with the code `NOT_FOUND` when there is nothing at this address. */
  read(
    variables: Readonly<Record<string, string>>,
    ctx: Context,
  ): ResourceContents | Promise<ResourceContents>;
}

export interface ListedResource {
  readonly uri: string;
  readonly name: string;
}

/** The part of a list that is wanted. */
export interface Page {
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: string;
}

export interface Prompt<Context = never, Args extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Clients send every argument as a string. */
  readonly args: Args;
  readonly scopes?: readonly string[];
  /** Suggests values while somebody types an argument. */
  readonly complete?: { readonly [Name in keyof z.output<Args>]?: Completer<Context> };
  messages(args: z.output<Args>, ctx: Context): PromptMessage[] | Promise<PromptMessage[]>;
}

/** Suggests values for an argument, the best ones first; at most 100 are shown. */
export type Completer<Context = never> = (
  value: string,
  ctx: Context,
  /** The arguments that are known already. */
  others: Readonly<Record<string, string>>,
) => readonly string[] | Promise<readonly string[]>;

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
  /** Whether the caller asked to be told how far the work is. */
  readonly wantsProgress: boolean;
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

/** Who is calling. */
export interface Principal {
  readonly id: string;
  /** `*` stands for every scope. */
  readonly scopes: readonly string[];
  /** What its credentials say it is, for the policy. */
  readonly roles?: readonly string[];
  /** Everything else that they say. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Who vouches for the caller, and under which name: together they are unique. */
  readonly issuer?: string;
  readonly subject?: string;
}

/** The scopes out of `required` that the principal does not have. */
export function missingScopes(principal: Principal, required: readonly string[]): string[] {
  if (principal.scopes.includes('*')) return [];
  return required.filter((scope) => !principal.scopes.includes(scope));
}

/**
 * What a claim says. A name that no claim has is a path: `realm_access.roles`, `https://a.example/meta.level`.
 * @param claims those of a verified token
 */
export function claimAt(claims: unknown, name: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const outer = name.slice(0, dot);
    if (!Object.hasOwn(claims, outer)) continue;
    const value = claimAt((claims as Record<string, unknown>)[outer], name.slice(dot + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What OAuth allows in a scope (RFC 6749, section 3.3). */
const SCOPE = /^[!#-[\]-~]+$/;

/** Whether a text is one scope. Only then can a token carry it, and a challenge name it. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * The same definition.
 * @throws {TypeError} when no token could carry a scope that it asks for.
 */
export function withScopes<
  T extends { readonly name: string; readonly scopes?: readonly string[] },
>(definition: T): T {
  const { name, scopes = [] } = definition;
  const wrong = scopes.find((scope) => !isScope(scope));
  if (wrong === undefined) return definition;
  const shown = JSON.stringify(wrong);
  throw new TypeError(`${name}: ${shown} is not a scope; use ASCII without blanks, " and \\.`);
}

export interface ToolErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** After how many seconds it is worth trying again. */
  readonly retryAfter?: number;
  /** What the model could do instead. */
  readonly suggestions?: readonly string[];
  /** The text that is wrong. A model is told in which argument of its call it stands. */
  readonly text?: string;
}

/** The only error whose message reaches the caller. Everything else is logged and answered with a generic text. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly suggestions: readonly string[];
  /** Not among the properties that a log shows: it is somebody's data. */
  readonly #text: string | undefined;

  constructor(
    readonly code: string,
    message: string,
    { retryable = false, retryAfter, suggestions = [], text, ...options }: ToolErrorOptions = {},
  ) {
    super(message, options);
    this.#text = text;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
    this.suggestions = suggestions;
  }

  get text(): string | undefined {
    return this.#text;
  }

  /** What programs need to know. */
  get details() {
    const { code, retryable, retryAfter } = this;
    return { code, retryable, ...(retryAfter !== undefined && { retryAfter }) };
  }
}

/** A tool of another server has failed: the caller gets that server's words, and the audit log a code. */
export class ForwardedFailure extends ToolError {
  constructor(readonly result: CallToolResult) {
    super('TOOL_FAILED', 'The tool has failed.');
  }
}

/** For a caller who has to wait for `ms` milliseconds. */
export function rateLimited(ms: number): ToolError {
  const retryAfter = Math.ceil(ms / 1000);
  return new ToolError('RATE_LIMITED', `Too many calls. Try again in ${retryAfter} s.`, {
    retryable: true,
    retryAfter,
  });
}

export function outputTooLarge(maxBytes: number): ToolError {
  return new ToolError('OUTPUT_TOO_LARGE', `The result has more than ${maxBytes} bytes.`, {
    suggestions: ['Ask for less, for example with a smaller limit or a narrower search.'],
  });
}

const CODES =
  /^(ECONN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|EPIPE|EAI_AGAIN|UND_ERR_(CONNECT|HEADERS|BODY|SOCKET))/;
const DEPTH = 5;

/**
 * Whether an error means that another service could not be reached or did not answer, so that the same call may succeed
 * later. Libraries wrap such errors: `fetch` hides them in `cause`.
 */
export function isNetworkError(error: unknown, depth = DEPTH): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && CODES.test(code)) return true;
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return error.name === 'TimeoutError' || inner.some((one) => isNetworkError(one, depth - 1));
}

/** What has changed. `missed`: something has, nobody knows what, because this process was cut off from the others. */
export type Change = ServerEvent | { readonly kind: 'missed' };

/** Where a change has happened: in this process, in another one, or in all of them, each of which notices by itself. */
export type Origin = 'here' | 'elsewhere' | 'everywhere';

type Listener = (change: Change, origin: Origin) => void;

/** Tells listeners what has changed. The same change counts once within a millisecond. */
export class Changes {
  readonly #listeners = new Set<Listener>();
  readonly #waiting = new Map<string, ServerEvent>();

  /** What is at `uri` has changed or is gone. */
  resourceUpdated(uri: string): void {
    this.#collect({ kind: 'resource_updated', uri });
  }

  /** There are other resources to list than before. */
  resourcesChanged(): void {
    this.#collect({ kind: 'resources_list_changed' });
  }

  /** Tells `listener` everything from now on. @returns what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells the listeners of this process. */
  deliver(change: Change, origin: Origin = 'everywhere'): void {
    for (const listener of this.#listeners) listener(change, origin);
  }

  /** Tells everyone. */
  protected publish(events: readonly ServerEvent[]): void {
    for (const event of events) this.deliver(event, 'here');
  }

  #collect(event: ServerEvent): void {
    if (this.#waiting.size === 0) setTimeout(() => this.#publishAll());
    this.#waiting.set(JSON.stringify(event), event);
  }

  #publishAll(): void {
    const events = [...this.#waiting.values()];
    this.#waiting.clear();
    this.publish(events);
  }
}

export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  inc(): void;
}

/** How many values there were up to each bound, and their sum. */
export interface Histogram {
  observe(value: number): void;
}

/** A value that is looked up when somebody asks for it, or several with labels. */
export type ObservableCallback = () => number | readonly (readonly [Labels, number])[];

/** Where figures are registered. Labels must be of closed sets: each set of values is a series of its own. */
export interface Metrics {
  /** @returns gives the counter of certain labels, always the same one for the same labels. */
  counter(name: string, help: string): (labels: Labels) => Counter;
  /** @returns a counter for each value of a label. All begin with 0. */
  counters<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, Counter>>;
  /** @returns gives the histogram of certain labels, always the same one for the same labels. */
  histogram(name: string, help: string, bounds: readonly number[]): (labels: Labels) => Histogram;
  /** A value that goes up and down. */
  gauge(name: string, help: string, figure: ObservableCallback): void;
  /** A counter that somebody else keeps. */
  total(name: string, help: string, figure: ObservableCallback): void;
}

const ignore = { inc() {}, observe() {} };

/** Counts nothing: nobody can read the metrics of a server over stdio. */
export const NO_METRICS: Metrics = {
  counter: () => () => ignore,
  counters<Value extends string>(
    _name: string,
    _help: string,
    _label: string,
    values: readonly Value[],
  ) {
    const all = Object.fromEntries(values.map((value) => [value, ignore]));
    return all as unknown as Record<Value, Counter>;
  },
  histogram: () => () => ignore,
  gauge() {},
  total() {},
};
