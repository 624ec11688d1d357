import * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';

/** Values for the `{names}` of a path. */
export type PathParams = Readonly<Record<string, string | number>>;
/** A value of `undefined` is left out; a list repeats its name. */
export type Query = Readonly<
  Record<string, string | number | boolean | undefined | readonly (string | number)[]>
>;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * The address of an API as a setting: HTTPS, or HTTP on this machine.
 * @param anyHttp accepts HTTP to other machines, where the network is trusted
 */
export const apiUrl = ({ anyHttp = false } = {}) =>
  z
    .url({ protocol: /^https?$/, error: 'must be like https://api.example.com', abort: true })
    .refine((text) => {
      const { protocol, hostname } = new URL(text);
      return anyHttp || protocol === 'https:' || LOOPBACK.test(hostname);
    }, 'must begin with https://, unless it is on this machine')
    .refine((text) => {
      const { username, password, search, hash } = new URL(text);
      return `${username}${password}${search}${hash}` === '';
    }, 'must have no user, password, query or fragment')
    .transform((text) => text.replace(/\/+$/, ''));

/** A token or key as a setting: ASCII without blanks. */
export const apiToken = z.string().regex(/^[!-~]+$/, 'must be ASCII without blanks');

/**
 * Fills a path such as `/users/{id}`: a value is one segment, whatever is in it. `{+path}` takes several segments.
 * @throws {ToolError} `INVALID_INPUT` for a value that would lead to another path: an empty one, `.` or `..`
 */
export function fillPath(template: string, params: PathParams = {}): string {
  return template.replace(/\{(\+?)(\w+)\}/g, (_, plus: string, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${template} needs a value for ${name}.`);
    const text = String(value);
    return plus === ''
      ? segment(text, text)
      : text
          .split('/')
          .map((one) => segment(one, text))
          .join('/');
  });
}

function segment(text: string, whole: string): string {
  if (text !== '' && text !== '.' && text !== '..' && text.isWellFormed()) {
    return encodeURIComponent(text);
  }
  throw new ToolError('INVALID_INPUT', 'A value cannot be part of an address.', { text: whole });
}

/** Adds a query to an address. */
export function addQuery(url: URL, query: Query): void {
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of [value].flat()) url.searchParams.append(name, String(one));
  }
}

/** Whether an address is at an API: at its origin, and below its path. */
export function isBelow(url: URL, base: string): boolean {
  const { origin, pathname } = new URL(base);
  const folder = pathname.replace(/\/$/, '');
  return (
    url.origin === origin && (url.pathname === folder || url.pathname.startsWith(`${folder}/`))
  );
}
