import { UriTemplate } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
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
