import type { Query } from './addresses.js';
import { invalid } from './api-error.js';
import type { ApiRequest, ApiResponse, HttpApi } from './http-api.js';

/** One page of a list. */
export interface ListPage<T> {
  readonly data: T;
  /** Whether the API has more. On the last page that is read, too. */
  readonly hasMore: boolean;
}

/** Where the next page is: at an address, or at the same path with another query. `undefined`: this was the last one. */
export type NextPage<T> = (page: ApiResponse<T>, query: Query) => URL | Query | undefined;

export interface PagesRequest<T> extends ApiRequest<T> {
  readonly next: NextPage<T>;
  /** How many pages are read at the most. */
  readonly maxPages?: number;
}

/**
 * The pages of a list, one after the other, each when it is asked for. It ends after `maxPages` (by default 10), whatever the API says; the
 * last page tells then that there are more.
 */
export async function* pagesOf<T>(
  api: HttpApi,
  path: string,
  { next, maxPages = 10, ...request }: PagesRequest<T>,
): AsyncGenerator<ListPage<T>> {
  const seen = new Set<string>();
  let at: URL | string = path;
  let query = request.query ?? {};
  for (let count = 1; count <= maxPages; count += 1) {
    // An address has its query in it.
    const page: ApiResponse<T> = await api.response('GET', at, {
      ...request,
      query: at instanceof URL ? {} : query,
    });
    const following = next(page, query);
    yield { data: page.data, hasMore: following !== undefined };
    if (following === undefined) return;
    if (following instanceof URL) at = following;
    else query = { ...query, ...following };
    const mark = following instanceof URL ? following.href : JSON.stringify(query);
    if (seen.has(mark)) throw invalid(api.name, 'leads to a page that was read before');
    seen.add(mark);
  }
}

/** Follows `Link: <…>; rel="next"` (RFC 8288), as GitHub and GitLab send it. */
export function byLink({ headers, url }: ApiResponse<unknown>): URL | undefined {
  const links = headers.get('link') ?? '';
  for (const [, target, parameters] of links.matchAll(/<([^>]*)>((?:\s*;[^,"]*(?:"[^"]*")?)*)/g)) {
    const isNext = /;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s|"|;|$)/i.test(parameters ?? '');
    if (isNext && target !== undefined && URL.canParse(target, url.href))
      return new URL(target, url);
  }
  return undefined;
}

/** Sends the cursor that a page names. @param cursorOf nothing, an empty text or `null` on the last page */
export function byCursor<T>(
  cursorOf: (data: T) => string | null | undefined,
  parameter = 'cursor',
): NextPage<T> {
  return ({ data }) => {
    const cursor = cursorOf(data);
    return cursor ? { [parameter]: cursor } : undefined;
  };
}

/** Counts pages. @param hasMore whether there is a page after this one */
export function byNumber<T>(
  hasMore: (data: T) => boolean,
  parameter = 'page',
  first = 1,
): NextPage<T> {
  return ({ data }, query) =>
    hasMore(data) ? { [parameter]: Number(query[parameter] ?? first) + 1 } : undefined;
}
