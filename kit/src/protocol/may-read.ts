import { UriTemplate } from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import { missingScopes, type Principal } from '../calls/principal.js';
import type { Resource, ResourceTemplate } from '../definitions/resource.js';
import * as barrel from '../resources/index.js';

const all = (Object.values(barrel) as readonly (Resource | ResourceTemplate)[]).map((resource) => ({
  scopes: resource.scopes ?? [],
  isAt: 'uri' in resource ? (uri: string) => uri === resource.uri : matcher(resource.uriTemplate),
}));

/** Whether a caller may read what is at `uri`, as the policy is now: for who asks to be told of its changes. */
export function mayRead(
  uri: string,
  { policy }: Pick<Services, 'policy'>,
  principal: Principal,
): boolean {
  const resource = all.find(({ isAt }) => isAt(uri));
  if (resource === undefined || missingScopes(principal, resource.scopes).length > 0) return false;
  return policy.accessOf(principal).allows('resource', uri);
}

function matcher(uriTemplate: string): (uri: string) => boolean {
  const template = new UriTemplate(uriTemplate);
  return (uri) => template.match(uri) !== null;
}
