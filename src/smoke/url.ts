import { type Connection, connect, rpcError } from './clients.js';
import { checkGuards } from './guards.js';
import { checkHealth, checkReady, PASS_A_HEADER } from './http.js';
import { checkPrimitives } from './primitives.js';
import {
  type CheckGroup,
  type CheckOutcome,
  describe,
  type Recorder,
  unproven,
} from './recorder.js';
import type { SchemaCheck } from './schema.js';
import { ERAS, type Era } from './types.js';

export interface UrlRunOptions {
  readonly recorder: Recorder;
  readonly check: SchemaCheck;
  readonly headers: Readonly<Record<string, string>>;
}

const CREDENTIAL = /^(authorization|cookie)$|key|token|secret/i;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

interface Attempt {
  readonly era: Era;
  readonly group: CheckGroup;
  readonly ms: number;
  readonly connection: Connection | null;
  readonly error: unknown;
}

/**
 * Tests a running server in the eras that it supports. Nothing is started or stopped, and only tools with `readOnlyHint`
 * are called. Supporting one era is enough.
 */
export async function smokeUrl(
  url: URL,
  { recorder, check, headers }: UrlRunOptions,
): Promise<void> {
  const server = recorder.group('http');
  const groups = ERAS.map((era) => ({ era, group: recorder.group(`http · ${era}`) }));
  try {
    const attempts = await Promise.all(
      groups.map(({ era, group }) => attempt(era, group, url, headers, recorder)),
    );
    const spoken = attempts.some(({ connection }) => connection !== null);
    await Promise.all(
      attempts.map(async (one) => {
        const { group, connection } = one;
        group.record('connect', connectOutcome(one, spoken), one.ms);
        if (connection !== null) {
          await checkPrimitives(group, connection, { hints: {}, check, readOnly: true });
          await connection.close().catch(() => {});
        }
        group.end();
      }),
    );
    if (!spoken) return;
    await server.step('healthz', (signal) => checkHealth(new URL('/healthz', url), true, signal));
    await server.step('readyz', (signal) => checkReady(new URL('/readyz', url), true, signal));
    await checkGuards(server, {
      url,
      headers,
      credentialHeaders: Object.keys(headers).filter((name) => CREDENTIAL.test(name)),
      behindProxy: !LOOPBACK.test(url.hostname),
    });
  } finally {
    for (const group of [server, ...groups.map((one) => one.group)]) group.end();
  }
}

/** Tries to connect without recording it: whether a failure counts depends on the other era. */
async function attempt(
  era: Era,
  group: CheckGroup,
  url: URL,
  headers: Readonly<Record<string, string>>,
  recorder: Recorder,
): Promise<Attempt> {
  const { signal } = recorder.options;
  signal.throwIfAborted();
  const started = performance.now();
  let connection: Connection | null = null;
  let error: unknown = null;
  try {
    connection = await group.limited((at) => connect(era, { kind: 'http', url, headers }, at));
  } catch (reason) {
    signal.throwIfAborted();
    error = reason;
  }
  return { era, group, ms: performance.now() - started, connection, error };
}

function connectOutcome({ era, connection, error }: Attempt, spoken: boolean): CheckOutcome {
  if (connection !== null) {
    return connection.version === era
      ? { status: 'ok' }
      : { status: 'ok', detail: `speaks ${connection.version}` };
  }
  const reason = connectReason(error);
  if (spoken) return unproven(`the server does not support ${era}: ${reason}`);
  return { status: 'failed', detail: reason };
}

function connectReason(error: unknown): string {
  const refusal = rpcError(error);
  if (refusal !== null) return `${refusal.code} ${refusal.message}`;
  const text = describe(error);
  const status = (error as { code?: unknown; status?: unknown } | null) ?? {};
  const unauthorized = status.code === 401 || status.status === 401 || /\b401\b/.test(text);
  return unauthorized ? `${text}. The server requires a key. ${PASS_A_HEADER}` : text;
}
