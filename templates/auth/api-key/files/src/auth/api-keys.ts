import { createHash, timingSafeEqual } from 'node:crypto';
import type * as z from 'zod/v4';
import type { Principal } from '../pipeline/principal.js';

export interface ApiKey extends Principal {
  readonly sha256: Buffer;
}

const MIN_LENGTH = 16;
const ENTRY =
  /^(?<id>[\w.-]+):(?:sha256:(?<hash>[0-9a-f]{64})|(?<key>[^:,\s]+))(?::(?<scopes>.*))?$/i;

/**
 * Parses `name:key`, `name:sha256:<hex>` and, with scopes, `name:key:scope scope`; several are separated by commas. A key
 * without scopes may do everything.
 */
export function parseApiKeys(text: string, ctx: z.RefinementCtx): ApiKey[] {
  const keys = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, index) => parseEntry(entry, `key ${index + 1}`, ctx));
  if (keys.length === 0) ctx.addIssue('has no key');
  const names = keys.map((key) => key?.id);
  if (new Set(names).size < names.length) ctx.addIssue('has two keys of the same name');
  return keys.filter((key) => key !== undefined);
}

function parseEntry(entry: string, which: string, ctx: z.RefinementCtx): ApiKey | undefined {
  const { id, hash, key = '', scopes } = ENTRY.exec(entry)?.groups ?? {};
  if (id === undefined) {
    ctx.addIssue(`${which} is not name:key, name:sha256:<hex> or name:key:scopes`);
    return undefined;
  }
  if (hash === undefined && key.length < MIN_LENGTH) {
    ctx.addIssue(`${which} (${id}) is shorter than ${MIN_LENGTH} characters`);
    return undefined;
  }
  return {
    id,
    sha256: hash === undefined ? sha256(key) : Buffer.from(hash, 'hex'),
    scopes: scopes?.split(/\s+/).filter((scope) => scope !== '') ?? ['*'],
  };
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
  return createHash('sha256').update(text).digest();
}
