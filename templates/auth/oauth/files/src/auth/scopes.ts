import * as prompts from '../prompts/index.js';
import * as resources from '../resources/index.js';
import * as tools from '../tools/index.js';

interface Scoped {
  readonly scopes?: readonly string[];
}

const primitives = [tools, resources, prompts].flatMap((barrel) => Object.values<Scoped>(barrel));

/** Every scope that something here needs. */
export const allScopes = [...new Set(primitives.flatMap(({ scopes }) => scopes ?? []))];
