import { isSpecType, type ServerEvent, UriTemplate } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Change } from '../definitions/changes.js';
import { missingScopes, type Principal } from '../definitions/principal.js';

/** Whether a caller may read what is at `uri`, as the policy is now: for who asks to be told of its changes. */
export type MayRead = (uri: string, principal: Principal) => boolean;

export function readersOf({
  definitions,
  policy,
}: Pick<Services, 'definitions' | 'policy'>): MayRead {
  const all = definitions.resources.map((resource) => ({
    scopes: resource.scopes ?? [],
    isAt: 'uri' in resource ? (uri: string) => uri === resource.uri : matcher(resource.uriTemplate),
  }));
  return (uri, principal) => {
    const resource = all.find(({ isAt }) => isAt(uri));
    if (resource === undefined) return false;
    if (missingScopes(principal, resource.scopes).length > 0) return false;
    return policy.accessOf(principal).allows('resource', uri);
  };
}

function matcher(uriTemplate: string): (uri: string) => boolean {
  const template = new UriTemplate(uriTemplate);
  return (uri) => template.match(uri) !== null;
}

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
