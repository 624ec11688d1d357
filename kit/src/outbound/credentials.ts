import { toBytes } from '../host/host.js';

/** What proves to an API who is asking. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** What must not appear in a message. */
  readonly secrets: readonly string[];
}

/** No blanks, because none belongs in a token, and `fetch` would quote one that it cannot send in its error. */
const SENDABLE = /^[!-~]+$/;

/** `Authorization: Bearer …` (RFC 6750). */
export function bearer(token: string): Credential {
  return { ...keyHeader('authorization', token, 'Bearer '), secrets: [token] };
}

/** `Authorization: Basic …` (RFC 7617). */
export function basic(user: string, password: string): Credential {
  const encoded = btoa(String.fromCharCode(...toBytes(`${user}:${password}`)));
  return { ...keyHeader('authorization', encoded, 'Basic '), secrets: [password, encoded] };
}

/** A key in a header, such as `x-api-key`. */
export function keyHeader(name: string, key: string, prefix = ''): Credential {
  if (!SENDABLE.test(key)) {
    throw new TypeError(`The value for the header ${name} must be ASCII without blanks.`);
  }
  return { headers: { [name.toLowerCase()]: prefix + key }, query: {}, secrets: [key] };
}

/** A key in the query. Logs of servers and proxies show it: prefer a header where the API takes one. */
export function keyQuery(name: string, key: string): Credential {
  return { headers: {}, query: { [name]: key }, secrets: [key, encodeURIComponent(key)] };
}

/** Nothing that identifies anybody. */
export const ANONYMOUS: Credential = { headers: {}, query: {}, secrets: [] };

/** The same text without what must not appear in it. */
export function withoutSecrets(text: string, { secrets }: Credential): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}
