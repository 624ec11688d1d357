import * as z from 'zod/v4';
import { weaknessOf } from '../auth/weak-secret.js';
import type { MaybePromise } from '../calls/maybe-async.js';
import type { Services } from '../calls/services.js';
import { type CallSettings, int, type SettingsOf } from '../definitions/settings.js';
import { rateLimitSettings } from '../limits/call-limits.js';
import type { OpenAuth, OpenSessions } from '../parts.js';
import type { AuditLog } from '../telemetry/audit.js';
import type { HttpMetrics } from '../telemetry/metrics.js';
import { parseTrustProxy } from './client-address.js';
import type { Answer, Incoming } from './exchange.js';
import { hostSettings } from './guards.js';

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
  METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  REQUEST_STATE_SECRET: z
    .string()
    .superRefine((secret, ctx) => {
      const weakness = weaknessOf(secret);
      if (weakness !== undefined) ctx.addIssue(weakness);
    })
    .optional(),
};

export type HttpSettings = SettingsOf<typeof httpSettings> & CallSettings;

/** A route of the server's owner, bound to its context. */
export interface OwnRoute {
  readonly method: string;
  readonly path: string;
  readonly isProtected: boolean;
  handle(request: Incoming): MaybePromise<Answer>;
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
}
