import { hash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/v4';
import type { Principal } from '../definitions/principal.js';
import { isScope } from '../definitions/scope.js';
import { file } from '../host/node/settings.js';
import { weaknessOf } from './weak-key.js';

export interface ApiKey {
  /** Who has it. */
  readonly principal: Principal;
  readonly sha256: Buffer;
  /** Milliseconds since 1970; `Infinity` when it stays valid. */
  readonly expires: number;
}

const ENTRY =
  /^(?<name>[\w.-]{1,64}):(?:sha256:(?<hash>[0-9a-f]{64})|(?<key>[!-9;-~]+))(?::(?<rights>\S.*))?$/i;

/**
 * Keys as they are written in `MCP_API_KEYS` and in the file that it can come from: `name:key` or `name:sha256:<hex>`, then
 * perhaps `:` and scopes, `role=…` and `expires=2027-01-31`, separated by blanks. One entry per line or separated by commas;
 * a line that starts with `#` is a comment. Without scopes a key has all of them; without a role, too, it may do everything.
 */
export const parseApiKeys = z.string().transform((text, ctx): ApiKey[] => {
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
  const hashes = keys.flatMap((key) => key?.sha256.toString('hex') ?? []);
  if (new Set(hashes).size < hashes.length) ctx.addIssue('has the same key twice');
  return keys.filter((key) => key !== undefined);
});

export const apiKeySettings = {
  MCP_API_KEYS: parseApiKeys.optional(),
  MCP_API_KEYS_FILE: file.optional(),
};

/** Whether a key can name this role: blanks and commas end it, and `=` is for the words around it. */
export function isRoleName(text: string): boolean {
  return /^[^\s,=]+$/.test(text);
}

/** An entry, or what is wrong with it; that never contains the key. */
function parseEntry(entry: string): ApiKey | string {
  const { name, hash, key = '', rights } = ENTRY.exec(entry)?.groups ?? {};
  if (name === undefined) return ' is not name:key or name:sha256:<hex>, perhaps with rights';
  const weakness = weaknessOf(hash ?? key);
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
    sha256: hash === undefined ? sha256(key) : Buffer.from(hash, 'hex'),
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

/** Compares with every key, in the same time whichever one fits. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  const digest = sha256(presented);
  let found: ApiKey | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.sha256, digest)) found = key;
  }
  return found;
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
