import { randomBytes } from 'node:crypto';
import type { LocalValue } from '../catalog/types.js';

/** The git-ignored file with the secrets of this machine. */
export const LOCAL_ENV = '.env';

/**
 * The text of a new project's `.env`: fresh secrets for development on this machine. It is made after rendering
 * and never reported, so that rendered files stay reproducible and secrets stay local. Null when nothing is needed.
 */
export function localEnv(values: readonly LocalValue[], name: string): string | null {
  if (values.length === 0) return null;
  const lines = values.map((local) => `${local.name}=${fill(local.value, name)}`);
  return ['# Local development only. Git ignores this file.', ...lines, ''].join('\n');
}

/** In one pass: what was filled in is not looked at again. */
function fill(value: string, name: string): string {
  return value.replace(/\{(?:name|random)\}/g, (slot) =>
    slot === '{name}' ? name : randomBytes(32).toString('base64url'),
  );
}
