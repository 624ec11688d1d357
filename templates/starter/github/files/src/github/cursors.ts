import { ToolError } from '../kit/index.js';
import type { Query } from '../kit/outbound/addresses.js';

/** What tells one page of GitHub from another: a number, or where it begins. */
const PARAMETERS = ['page', 'after'];
const VALUE = /^[\w=+/-]{1,400}$/;

/** The cursor of the page that an address leads to. Nothing else of the address is used: GitHub is asked where it always is. */
export function cursorOf(url: URL | undefined): string | null {
  if (url === undefined) return null;
  const cursor = new URLSearchParams();
  for (const name of PARAMETERS) {
    const value = url.searchParams.get(name);
    if (value !== null) cursor.set(name, value);
  }
  return cursor.size === 0 ? null : cursor.toString();
}

/** What GitHub is asked for a page. @throws {ToolError} `INVALID_CURSOR` */
export function queryOf(cursor: string): Query {
  const entries = [...new URLSearchParams(cursor)];
  if (entries.every(([name, value]) => PARAMETERS.includes(name) && VALUE.test(value))) {
    return Object.fromEntries(entries);
  }
  throw new ToolError('INVALID_CURSOR', 'This is not the `next` of a page.', {
    suggestions: ['Leave `after` out to begin with the first page.'],
  });
}
