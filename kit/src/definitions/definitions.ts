import type { Prompt } from './prompt.js';
import type { Resource, ResourceTemplate } from './resource.js';
import type { Tool } from './tool.js';

/** Who a server says it is. */
export interface About {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
}

/** Modules of definitions, as `import * as tools from './tools/index.js'` gives them. */
export interface Barrels<Context = never> {
  readonly tools: Readonly<Record<string, Tool<Context>>>;
  readonly resources?: Readonly<Record<string, Resource<Context> | ResourceTemplate<Context>>>;
  readonly prompts?: Readonly<Record<string, Prompt<Context>>>;
}

/** Everything that a server offers. */
export class Definitions {
  /** By name. */
  readonly tools: ReadonlyMap<string, Tool>;
  readonly resources: readonly (Resource | ResourceTemplate)[];
  readonly prompts: readonly Prompt[];
  /** Whether something can complete its arguments. */
  readonly offersCompletions: boolean;
  /** Every scope that something needs. */
  readonly scopes: readonly string[];

  constructor({ tools, resources = {}, prompts = {} }: Barrels) {
    this.tools = new Map(Object.values(tools).map((tool) => [tool.name, tool]));
    this.resources = Object.values(resources);
    this.prompts = Object.values(prompts);
    this.offersCompletions = [...this.prompts, ...this.resources].some((one) => 'complete' in one);
    const all = [...this.tools.values(), ...this.resources, ...this.prompts];
    this.scopes = [...new Set(all.flatMap(({ scopes }) => scopes ?? []))];
  }
}
