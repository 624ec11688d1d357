import { isSpecType, type ServerEvent } from '@modelcontextprotocol/server';
import type { Change } from '../definitions/changes.js';

/** What one stream may want to hear of; it is kept as long as the stream is open. */
const MAX_RESOURCES = 1_000;
const MAX_CHARACTERS = 50_000;
const LISTS = ['tools_list_changed', 'resources_list_changed', 'prompts_list_changed'] as const;

/** What someone wants to hear of: the request that says so, and the resources in it. */
export interface Wanted {
  readonly body: unknown;
  readonly uris: ReadonlySet<string>;
}

/** A request to listen, without the resources that its caller may not read and those that are too many. */
export function wantedIn(body: unknown, mayRead: (uri: string) => boolean): Wanted {
  if (!isSpecType.SubscriptionsListenRequest(body)) return { body, uris: new Set() };
  const { params } = body;
  const { resourceSubscriptions = [], ...lists } = params.notifications;
  const readable = notTooMany(resourceSubscriptions).filter(mayRead);
  const notifications = { ...lists, resourceSubscriptions: readable };
  return { body: { ...body, params: { ...params, notifications } }, uris: new Set(readable) };
}

function notTooMany(uris: readonly string[]): string[] {
  let characters = 0;
  return uris.slice(0, MAX_RESOURCES).filter(({ length }) => {
    characters += length;
    return characters <= MAX_CHARACTERS;
  });
}

/** What to tell of a change to someone who wants to hear of these resources. */
export function eventsOf(change: Change, uris: ReadonlySet<string>): ServerEvent[] {
  if (change.kind === 'missed') {
    const updates = [...uris].map((uri) => ({ kind: 'resource_updated' as const, uri }));
    return [...LISTS.map((kind) => ({ kind })), ...updates];
  }
  return change.kind === 'resource_updated' && !uris.has(change.uri) ? [] : [change];
}
