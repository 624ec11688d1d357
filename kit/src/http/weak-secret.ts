import * as z from 'zod/v4';

const MIN_BYTES = 32;
const MIN_DIFFERENT = 8;
/** Words long enough that they do not turn up in random text. */
const PLACEHOLDER =
  /change[-_ ]?me|change[-_ ]?this|replace[-_ ]|placeholder|example|password|at-least-256-bit|your-|[<>]/i;

/** Why a signing secret must not be used, or `undefined`: it is short, a placeholder, or easy to guess. */
export function weaknessOf(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < MIN_BYTES) return `needs at least ${MIN_BYTES} bytes`;
  if (PLACEHOLDER.test(secret)) return 'is a placeholder';
  if (new Set(secret).size < MIN_DIFFERENT) return 'is easy to guess';
  return undefined;
}

/** A text that signs something. */
export const secret = z.string().superRefine((text, ctx) => {
  const weakness = weaknessOf(text);
  if (weakness !== undefined) ctx.addIssue(weakness);
});
