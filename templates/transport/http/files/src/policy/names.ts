import * as prompts from '../prompts/index.js';
import type { Resource, ResourceTemplate } from '../resources/define-resource.js';
import * as resources from '../resources/index.js';
import * as tools from '../tools/index.js';
import type { Names } from './schema.js';

const all: readonly (Resource | ResourceTemplate)[] = Object.values(resources);

/** Everything that a policy can name. */
export const names: Names = {
  tools: namesOf(tools),
  prompts: namesOf(prompts),
  resources: all.flatMap((resource) => ('uri' in resource ? resource.uri : [])),
  uriTemplates: all.flatMap((resource) => ('uri' in resource ? [] : resource.uriTemplate)),
};

function namesOf(barrel: Readonly<Record<string, { readonly name: string }>>): string[] {
  return Object.values(barrel).map(({ name }) => name);
}
