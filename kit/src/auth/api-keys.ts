import * as z from 'zod/v4';
import { andThen } from '../calls/call.js';
import { isScope, type Principal } from '../definitions/definitions.js';
import { ConfigError } from '../definitions/settings.js';
import { type Host, sleep } from '../host/host.js';
import type { AuthPart, AuthResult } from '../http/app.js';
import type { PartEnv, RequestHeaders } from '../parts.js';
import { bearerToken, unauthorized } from './bearer.js';

/**
 * Accepts the keys of `MCP_API_KEYS`, sent as `Authorization: Bearer <key>` or `x-api-key: <key>`: headers alone, because
 * addresses end up in logs and a browser adds cookies by itself.
 */
export function apiKeys(): AuthPart<typeof apiKeySettings> {
  return {
    kind: 'auth',
    settings: apiKeySettings,
    required: ['MCP_API_KEYS'],
    carriesRole: isRoleName,
    carriesClaims: false,
    credentialHeaders: ['authorization', 'x-api-key'],
    open(env) {
      const currentKeys = liveApiKeys(env);
      return {
        authenticate: (headers) =>
          andThen(currentKeys(), (keys) => callerOf(headers, keys, env.host)),
      };
    },
  };
}

function callerOf(headers: RequestHeaders, keys: readonly ApiKey[], host: Host): AuthResult {
  const bearer = bearerToken(headers);
  const apiKey = headers.get('x-api-key') ?? undefined;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
    return unauthorized('Send one key, not two.', 'invalid_request');
  }
  const presented = bearer ?? apiKey;
  if (presented === undefined) return unauthorized('Send an API key.');
  const key = findApiKey(keys, presented, host);
  if (key === undefined) return unauthorized('This API key is not known.', 'invalid_token');
  if (key.expires <= Date.now()) {
    return unauthorized('This API key has expired.', 'invalid_token');
  }
  return { principal: key.principal };
}

const REREAD_MS = 1_000;
const SETTLE_MS = 50;

/**
 * The keys that are valid now. A file is read again when a key is looked up, at most once a second, so keys come and go
 * without a restart; what is wrong with the new contents is logged, and the keys before it stay valid.
 */
export function liveApiKeys({
  config,
  host,
  log,
}: Pick<PartEnv<typeof apiKeySettings>, 'config' | 'host' | 'log'>) {
  const { MCP_API_KEYS: configured = [], MCP_API_KEYS_FILE: file } = config;
  const { files } = host;
  let keys = hashed(configured, host);
  if (file === undefined || files === undefined) return (): readonly ApiKey[] => keys;

  const read = (path: string) => files.read(path).catch(() => '');
  let lastSeen: string | undefined;
  let nextRead = 0;
  let reading = Promise.resolve();

  /** Follows the path each time: a mounted secret changes by a new symbolic link. */
  async function reread(path: string): Promise<void> {
    const text = await read(path);
    if (text === lastSeen) return;
    // It may be half written, and a line without its rights has all of them: what still changes is for the next time.
    await sleep(SETTLE_MS);
    if (text !== (await read(path))) return;
    const first = lastSeen === undefined;
    lastSeen = text;
    const { keys: next, problems } = keysIn(text, host);
    if (next !== undefined) {
      keys = next;
      const names = keys.map(({ principal }) => principal.id);
      if (!first) log.info({ names }, 'API keys changed');
    } else {
      log.error({ problems }, 'MCP_API_KEYS_FILE is not valid; the keys before it stay valid');
    }
  }

  return async (): Promise<readonly ApiKey[]> => {
    const now = performance.now();
    if (now >= nextRead) {
      nextRead = now + REREAD_MS;
      reading = reread(file);
    }
    await reading;
    return keys;
  };
}

/** The keys of a file, or what is wrong with it. */
function keysIn(text: string, host: Host) {
  const parsed = parseApiKeys.safeParse(text);
  if (!parsed.success) return { problems: parsed.error.issues.map(({ message }) => message) };
  try {
    return { keys: hashed(parsed.data, host) };
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
}

/** A key as it is configured: itself, or its SHA-256 in hexadecimal digits. */
interface WrittenKey {
  readonly principal: Principal;
  readonly key?: string | undefined;
  readonly hash?: string | undefined;
  readonly expires: number;
}

export interface ApiKey {
  /** Who has it. */
  readonly principal: Principal;
  readonly sha256: Uint8Array;
  /** Milliseconds since 1970; `Infinity` when it stays valid. */
  readonly expires: number;
}

const TWICE = 'has the same key twice';

const ENTRY =
  /^(?<name>[\w.-]{1,64}):(?:sha256:(?<hash>[0-9a-f]{64})|(?<key>[!-9;-~]+))(?::(?<rights>\S.*))?$/i;

/**
 * Keys as they are written in `MCP_API_KEYS` and in the file that it can come from: `name:key` or `name:sha256:<hex>`, then
 * perhaps `:` and scopes, `role=…` and `expires=2027-01-31`, separated by blanks. One entry per line or separated by commas;
 * a line that starts with `#` is a comment. Without scopes a key has all of them; without a role, too, it may do everything.
 */
export const parseApiKeys = z.string().transform((text, ctx): WrittenKey[] => {
  const entries = text
    .replaceAll(/^\s*#.*$/gm, '')
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) ctx.addIssue('has no key');
  const keys = entries.map((entry, index) => {
    const key = parseEntry(entry);
    if (typeof key === 'object') return key;
    ctx.addIssue(`key ${index + 1}${key}`);
    return undefined;
  });
  const written = keys.flatMap((one) => one?.hash ?? one?.key ?? []);
  if (new Set(written).size < written.length) ctx.addIssue(TWICE);
  return keys.filter((key) => key !== undefined);
});

export const apiKeySettings = {
  MCP_API_KEYS: parseApiKeys.optional(),
  MCP_API_KEYS_FILE: z.string().optional(),
};

/** Whether a key can name this role: blanks and commas end it, and `=` is for the words around it. */
export function isRoleName(text: string): boolean {
  return /^[^\s,=]+$/.test(text);
}

/** An entry, or what is wrong with it; that never contains the key. */
function parseEntry(entry: string): WrittenKey | string {
  const { name, hash, key, rights } = ENTRY.exec(entry)?.groups ?? {};
  if (name === undefined) return ' is not name:key or name:sha256:<hex>, perhaps with rights';
  const weakness = keyWeakness(hash ?? key ?? '');
  if (weakness !== undefined) return ` (${name}) ${weakness}`;
  const words = rights?.split(/[ \t]+/) ?? [];
  const unknown = words.find((word) => /=/.test(word) && !/^(?:role|expires)=./.test(word));
  if (unknown !== undefined) return ` (${name}): after the key come scopes, role=… and expires=…`;
  const expires = valuesOf(words, 'expires=').map(endOf);
  if (expires.some(Number.isNaN)) return ` (${name}): expires= takes a day such as 2027-01-31`;
  const roles = valuesOf(words, 'role=');
  const scopes = words.filter((word) => !word.includes('='));
  if (!roles.every(isRoleName)) return ` (${name}): a role has no blank, comma or = in it`;
  if (!scopes.every(isScope)) return ` (${name}): a scope is ASCII without blanks, " and \\`;
  return {
    principal: { id: name, scopes: scopes.length === 0 ? ['*'] : scopes, roles },
    ...(hash === undefined ? { key } : { hash: hash.toLowerCase() }),
    expires: Math.min(...expires, Number.POSITIVE_INFINITY),
  };
}

function valuesOf(words: readonly string[], prefix: string): string[] {
  return words.filter((word) => word.startsWith(prefix)).map((word) => word.slice(prefix.length));
}

/** The end of a day (UTC), or NaN. */
function endOf(day: string): number {
  const start = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(start) || !new Date(start).toISOString().startsWith(day)) return Number.NaN;
  return start + 86_400_000;
}

/**
 * The keys by their hashes: what is looked up is never a key.
 * @throws {ConfigError} when one is there twice: itself, and as a hash
 */
function hashed(keys: readonly WrittenKey[], host: Host): readonly ApiKey[] {
  const digests = keys.map(({ key = '', hash = host.sha256(key, 'hex') }) => hash);
  if (new Set(digests).size < digests.length) throw new ConfigError([`MCP_API_KEYS: ${TWICE}`]);
  return keys.map(({ principal, expires }, index) => ({
    principal,
    sha256: fromHex(digests[index] ?? ''),
    expires,
  }));
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Compares with every key, in the same time whichever one fits. */
export function findApiKey(
  keys: readonly ApiKey[],
  presented: string,
  { sha256Bytes, timingSafeEqual }: Host,
): ApiKey | undefined {
  const digest = sha256Bytes(presented);
  let found: ApiKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.sha256, digest)) found = key;
  }
  return found;
}

const MIN_LENGTH = 16;
const MIN_DIFFERENT = 6;
const SEQUENCE = '01234567890123456789abcdefghijklmnopqrstuvwxyz0123456789';
const PLACEHOLDERS =
  /change-?me|replace-?me|placeholder|example|insert|your|here|secret|password|token|api|key/gi;

/** Why a key must not be used, or `undefined`: it is short, a placeholder, or easy to guess. */
export function keyWeakness(key: string): string | undefined {
  if (/^sha256$/i.test(key)) return 'needs 64 hex digits after sha256:';
  if (key.length < MIN_LENGTH) return `is shorter than ${MIN_LENGTH} characters`;
  const rest = key.replaceAll(PLACEHOLDERS, '').replaceAll(/[^a-z0-9]/gi, '');
  if (/^<.*>$/.test(key) || rest === '') return 'is a placeholder';
  const lower = rest.toLowerCase();
  if (new Set(lower).size < MIN_DIFFERENT || SEQUENCE.includes(lower)) return 'is easy to guess';
  return undefined;
}
