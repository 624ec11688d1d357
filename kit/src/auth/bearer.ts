import type { AuthResult } from '../http/app.js';
import { refuse } from '../http/exchange.js';
import type { RequestHeaders } from '../parts.js';

/**
 * A 401 that tells the client how to authenticate; `hints` are further parameters of the challenge.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function unauthorized(
  message: string,
  error?: 'invalid_token' | 'invalid_request',
  hints: Readonly<Record<string, string>> = {},
): AuthResult {
  const parameters = { ...(error && { error, error_description: message }), ...hints };
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`);
  const challenge = ['Bearer', list.join(', ')].filter(Boolean).join(' ');
  return { refusal: refuse(401, message, { 'www-authenticate': challenge }) };
}

/** A quoted string (RFC 9110, section 5.6.4). */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken(headers: RequestHeaders): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}
