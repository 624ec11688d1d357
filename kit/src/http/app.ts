import type { AuthInfo } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';
import type { MaybePromise } from '../calls/call.js';
import type { Services, StepUp } from '../calls/services.js';
import type { Principal } from '../definitions/definitions.js';
import {
  type CallSettings,
  int,
  type SettingsOf,
  type SettingsShape,
} from '../definitions/settings.js';
import { byteLength } from '../host/host.js';
import { rateLimitSettings } from '../limits/call-limits.js';
import type { HttpRequest, HttpResponse, Part, RequestHeaders } from '../parts.js';
import type { AuditLog } from '../telemetry/audit.js';
import { hostSettings, parseTrustProxy } from './guards.js';
import type { HttpMetrics } from './metrics.js';

const MIN_BYTES = 32;
const MIN_DIFFERENT = 8;
/** Words long enough that they do not turn up in random text. */
const PLACEHOLDER =
  /change[-_ ]?me|change[-_ ]?this|replace[-_ ]|placeholder|example|password|at-least-256-bit|your-|[<>]/i;

/** Why a signing secret must not be used, or `undefined`: it is short, a placeholder, or easy to guess. */
export function secretWeakness(secret: string): string | undefined {
  if (byteLength(secret) < MIN_BYTES) return `needs at least ${MIN_BYTES} bytes`;
  if (PLACEHOLDER.test(secret)) return 'is a placeholder';
  if (new Set(secret).size < MIN_DIFFERENT) return 'is easy to guess';
  return undefined;
}

/** A text that signs something. */
export const secret = z.string().superRefine((text, ctx) => {
  const weakness = secretWeakness(text);
  if (weakness !== undefined) ctx.addIssue(weakness);
});

/** Says who sent a request from `address`, or refuses it. */
export type Authenticator = (headers: RequestHeaders, address?: string) => MaybePromise<AuthResult>;

export type AuthResult = { readonly principal: Principal } | { readonly refusal: HttpResponse };

/** Says who sent a request, by its credentials as they are now. */
export type Authenticate = () => Promise<AuthResult>;

/** What a server over HTTP can be told. */
export const httpSettings = {
  ...hostSettings,
  ...rateLimitSettings,
  HOST: z.string().default('127.0.0.1'),
  PORT: int(0, 65_535).default(3000),
  MAX_BODY_BYTES: int(1_000, 100_000_000).default(1_000_000),
  SHUTDOWN_DELAY_MS: int(0, 600_000).default(0),
  TRUST_PROXY: z.string().transform(parseTrustProxy).optional(),
  MAX_SUBSCRIPTIONS: int(0, 1_000_000).default(1_000),
  METRICS_PORT: int(0, 65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .regex(/^[!-~]+$/, 'must be ASCII without blanks')
    .optional(),
  REQUEST_STATE_SECRET: secret.optional(),
};

export type HttpSettings = SettingsOf<typeof httpSettings> & CallSettings;

/** A route of the server's owner, bound to its context. */
export interface OwnRoute {
  readonly method: string;
  readonly path: string;
  readonly isProtected: boolean;
  /** @param principal who has authenticated, if that is needed */
  handle(request: HttpRequest, principal?: Principal): MaybePromise<HttpResponse>;
}

/** An opened server that is served over HTTP. */
export interface HttpApp extends Services {
  readonly config: HttpSettings;
  readonly audit: AuditLog;
  readonly metrics: HttpMetrics;
  readonly auth: OpenAuth;
  readonly sessions?: OpenSessions | undefined;
  /** What the server depends on; a check rejects while its dependency cannot be reached. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
  readonly ownRoutes: readonly OwnRoute[];
  /** The headers that credentials come in. */
  readonly credentialHeaders: readonly string[];
}

/** Who may call, and how that is found out. */
export interface OpenAuth {
  readonly authenticate: Authenticator;
  /** Nobody has to say who they are. */
  readonly isOpen?: boolean;
  /** The paths that belong to it. */
  readonly paths?: readonly string[];
  /** Answers them. */
  route?(request: HttpRequest): HttpResponse | undefined;
  readonly stepUp?: StepUp;
  /** What the MCP SDK may know of a caller. */
  authInfo?(principal: Principal): AuthInfo;
}

export interface AuthPart<
  Shape extends SettingsShape = SettingsShape,
  Service extends OpenAuth = OpenAuth,
> extends Part<Shape, Service> {
  readonly kind: 'auth';
  /** The settings without which a server over HTTP does not start. Over stdio nobody authenticates. */
  readonly required?: readonly (string | readonly string[])[];
  /** Whether credentials of this kind can name a role; by default every role but the empty one. */
  carriesRole?(role: string, config: SettingsOf<Shape>): boolean;
  /** Whether credentials of this kind can have claims; they can by default. */
  readonly carriesClaims?: boolean;
  /**
   * The headers that credentials come in. A client that sends wrong ones again and again has to wait; without the header's name here,
   * nobody counts.
   */
  readonly credentialHeaders: readonly string[];
}

/** Serves the sessions of clients of 2025. */
export interface SessionRoutes {
  /** @returns `undefined` when a message has nothing to do with sessions. */
  answer(
    request: HttpRequest,
    body: unknown,
    principal: Principal,
  ): Promise<HttpResponse | undefined>;
  /** Opens a stream of a session, or ends it. */
  answerWithoutBody(
    request: HttpRequest,
    principal: Principal,
    authenticate: Authenticate,
  ): Promise<HttpResponse>;
  /** Ends what goes on here. Whoever waits for an answer has one. */
  close(): Promise<void>;
}

export interface OpenSessions {
  /** Loads what serves them; it needs the MCP SDK. */
  load(app: HttpApp): Promise<SessionRoutes>;
}

export interface SessionsPart<Shape extends SettingsShape = SettingsShape>
  extends Part<Shape, OpenSessions> {
  readonly kind: 'sessions';
}
