import { invalidCursor, type Place } from '../calls/cursors.js';
import type { Listed, Page } from '../definitions/resource.js';

const PAGE_SIZE = 100;

/** A part of `resources/list`. It may disregard the page and give everything. */
export interface List {
  readonly name: string;
  list(page: Page): Promise<readonly Listed[]>;
}

export interface InPages {
  readonly resources: readonly Listed[];
  /** Where the next page begins, if there may be one. */
  readonly next?: Place;
}

/**
 * One page out of several lists, one after the other.
 * @throws {ToolError} `INVALID_CURSOR` when it should begin in a list that is not there.
 */
export async function listInPages(lists: readonly List[], from?: Place): Promise<InPages> {
  const first = from === undefined ? 0 : lists.findIndex(({ name }) => name === from.list);
  if (first === -1) throw invalidCursor();
  const resources: Listed[] = [];
  let after = from?.after;
  for (const { name, list } of lists.slice(first)) {
    const limit = PAGE_SIZE - resources.length;
    const all = await list({ limit, ...(after !== undefined && { after }) });
    // A list that disregards the page begins before it.
    const begin = all.findIndex(({ uri }) => uri === after) + 1;
    const shown = all.slice(begin, begin + limit);
    resources.push(...shown);
    after = shown.at(-1)?.uri;
    if (resources.length === PAGE_SIZE && after !== undefined) {
      return { resources, next: { list: name, after } };
    }
    after = undefined;
  }
  return { resources };
}
