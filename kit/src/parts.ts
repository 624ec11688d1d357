import type { Logger } from 'pino';
import type * as z from 'zod/v4';
import type { MaybePromise, OverdueCalls } from './calls/call.js';
import type { Limits, NonceStore, Policy, RateLimiter, Tracing } from './calls/services.js';
import {
  type CallContext,
  type Catalogue,
  type Changes,
  type Definitions,
  type Metrics,
  type Prompt,
  type Resource,
  type ResourceTemplate,
  type ServerInfo,
  type Tool,
  withScopes,
} from './definitions/definitions.js';
import type { CallSettings, SettingsOf, SettingsShape } from './definitions/settings.js';
import type { Host } from './host/host.js';

/** What a part finds when it is opened. */
export interface PartEnv<Shape extends SettingsShape = SettingsShape> {
  readonly about: ServerInfo;
  readonly definitions: Definitions;
  /** The part's own settings, and those that every server has. */
  readonly config: SettingsOf<Shape> & CallSettings;
  readonly host: Host;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly state: SharedState;
  readonly overdue: OverdueCalls;
  readonly tracing: Tracing | undefined;
  /** Whether the credentials of a caller can name this role. */
  carriesRole(role: string): boolean;
  /** Whether credentials can have claims. */
  readonly carriesClaims: boolean;
}

/** A building block of a server. It is opened once, when the process starts. */
export interface Part<Shape extends SettingsShape = SettingsShape, Service = unknown> {
  /** What it is called in `/readyz` and in the metrics; by default the name that it has among the parts. */
  readonly name?: string;
  /** Its settings, by the names of their environment variables. */
  readonly settings?: Shape;
  /** The settings without which a server for many clients does not start; of a list, exactly one. */
  readonly required?: readonly (string | readonly string[])[];
  /** Opens it, without waiting for anybody: what it depends on may be away. @throws {ConfigError} */
  open(env: PartEnv<Shape>): Service;
  /** Rejects while what it depends on cannot be reached: then `/readyz` says so. */
  check?(service: Service): Promise<void>;
  close?(service: Service): void | Promise<void>;
}

/** What replicas share: by default nothing, because there is one process. */
export interface SharedState {
  readonly changes: Changes;
  readonly limiter: RateLimiter;
  /** Ids that count once. */
  readonly nonces: NonceStore;
  close(): void;
}

export type LimitsPart<Shape extends SettingsShape = SettingsShape> = Part<Shape, Limits>;
export type PolicyPart<Shape extends SettingsShape = SettingsShape> = Part<
  Shape,
  Policy & { close(): void }
>;
/** Definitions that come and go: `gateway/` has those of other servers. */
export type CataloguePart<Shape extends SettingsShape = SettingsShape> = Part<Shape, Catalogue>;
export type TracingPart<Shape extends SettingsShape = SettingsShape> = Part<Shape, Tracing>;
export interface StatePart<Shape extends SettingsShape = SettingsShape> {
  readonly settings?: Shape;
  /** The settings without which a server in production does not start. */
  readonly required?: readonly string[];
  open(env: Pick<PartEnv<Shape>, 'about' | 'config' | 'host' | 'log' | 'metrics'>): SharedState;
}

/** The way callers authenticate over HTTP: `auth/` has several. */
export interface AnyAuthPart extends AnyPart {
  readonly kind: 'auth';
  /** Whether credentials of this kind can name a role; by default every role but the empty one. */
  carriesRole?(role: string, config: never): boolean;
  /** Whether credentials of this kind can have claims; they can by default. */
  readonly carriesClaims?: boolean;
  /** The headers that credentials come in. Who sends them again and again, and wrong, has to wait. */
  readonly credentialHeaders: readonly string[];
}

/** Sessions of clients of 2025 over HTTP: `sessions/` has two. */
export interface AnySessionsPart extends AnyPart {
  readonly kind: 'sessions';
}

// biome-ignore lint/suspicious/noExplicitAny: a part of any shape; its own types say which.
type Any = any;

/** What a server is made of. Names that are not among these are services, which calls find in their context. */
export interface Parts {
  readonly auth?: AnyAuthPart | readonly AnyAuthPart[];
  readonly catalogue?: CataloguePart<Any>;
  readonly limits?: LimitsPart<Any>;
  readonly policy?: PolicyPart<Any>;
  readonly sessions?: AnySessionsPart;
  /** Settings of your own, by the names of their environment variables. */
  readonly settings?: SettingsShape;
  readonly state?: StatePart<Any>;
  readonly tracing?: TracingPart<Any>;
}

/** A part whose settings are nobody's business here. */
export type AnyPart<Service = unknown> = Part<Any, Service>;

type Services<P> = Omit<P, keyof Parts>;
type ServiceOf<P> = P extends { open(...args: Any[]): infer Service } ? Service : never;
type OwnSettings<P> = P extends { readonly settings: infer Shape extends SettingsShape }
  ? SettingsOf<Shape>
  : unknown;

/** The context of calls on a server with these parts: with their services, each typed as its part opens it. */
export type ContextOf<P> = Omit<CallContext, 'config'> & {
  readonly [Name in keyof Services<P>]: ServiceOf<P[Name & keyof P]>;
} & { readonly config: CallSettings & OwnSettings<P> };

/** Services are parts, too. */
type WithServices<P> = { readonly [Name in keyof Services<P>]: AnyPart };

/** Types the definitions of a server: what they find in their context is what its parts open. */
export interface Definers<P> {
  readonly parts: P;
  /** Types a tool. Add its line to `tools/index.ts` and it is served. */
  defineTool<Input extends z.ZodObject, Output extends z.ZodObject | undefined = undefined>(
    tool: Tool<ContextOf<P>, Input, Output>,
  ): Tool<ContextOf<P>, Input, Output>;
  /** Types a resource. Add its line to `resources/index.ts` and it is served. */
  defineResource(resource: Resource<ContextOf<P>>): Resource<ContextOf<P>>;
  /** Types a resource template. Add its line to `resources/index.ts` and it is served. */
  defineResourceTemplate(template: ResourceTemplate<ContextOf<P>>): ResourceTemplate<ContextOf<P>>;
  /** Types a prompt. Add its line to `prompts/index.ts` and it is served. */
  definePrompt<Args extends z.ZodObject>(
    prompt: Prompt<ContextOf<P>, Args>,
  ): Prompt<ContextOf<P>, Args>;
}

/** Puts a server together out of its parts. */
export function defineParts<const P extends Parts & WithServices<P>>(parts: P): Definers<P> {
  return {
    parts,
    defineTool: withScopes,
    defineResource: withScopes,
    defineResourceTemplate: withScopes,
    definePrompt: withScopes,
  };
}

/**
 * A request as this server sees it: what it reads of a web-standard `Request`, so that one that came to `node:http` need
 * not become one.
 */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: RequestHeaders;
  /** The address that it came from. */
  readonly sender: string;
  /** Aborted when the answer is sent or the client has gone. */
  readonly signal: AbortSignal;
  /** Calls `work` when the answer is sent or the client has gone. */
  whenOver(work: () => void): void;
  /**
   * The body, or `undefined` when it has more than `maxBytes` bytes; the rest of it is not read then.
   * @throws when it breaks off.
   */
  read(maxBytes: number): Promise<Uint8Array | undefined>;
  /** The same as a web-standard `Request`, without the body. */
  toRequest(): Request;
}

/** Values that were sent under one name are joined by commas, so that none of them is hidden. */
export type RequestHeaders = Pick<Headers, 'get'>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** A text, the parts of one, a stream, or what is written as it comes. */
  readonly body: string | Uint8Array[] | ReadableStream<Uint8Array> | StreamedBody | null;
}

/** A body that is written as it comes. On Node.js it costs a fraction of a web stream. */
export interface StreamedBody {
  start(target: BodyWriter): void;
}

export interface BodyWriter {
  /** Resolves when the client has read enough for more. */
  write(text: string): MaybePromise<void>;
  /** @param last what is written before, however much waits */
  end(last?: string): void;
}
