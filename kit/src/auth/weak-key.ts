const MIN_LENGTH = 16;
const MIN_DIFFERENT = 6;
const SEQUENCE = '01234567890123456789abcdefghijklmnopqrstuvwxyz0123456789';
const PLACEHOLDERS =
  /change-?me|replace-?me|placeholder|example|insert|your|here|secret|password|token|api|key/gi;

/** Why a key must not be used, or `undefined`: it is short, a placeholder, or easy to guess. */
export function weaknessOf(key: string): string | undefined {
  if (/^sha256$/i.test(key)) return 'needs 64 hex digits after sha256:';
  if (key.length < MIN_LENGTH) return `is shorter than ${MIN_LENGTH} characters`;
  const rest = key.replaceAll(PLACEHOLDERS, '').replaceAll(/[^a-z0-9]/gi, '');
  if (/^<.*>$/.test(key) || rest === '') return 'is a placeholder';
  const lower = rest.toLowerCase();
  if (new Set(lower).size < MIN_DIFFERENT || SEQUENCE.includes(lower)) return 'is easy to guess';
  return undefined;
}
