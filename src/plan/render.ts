/** Renders templates: one pass, slots filled by the fragments of the chosen features. */

import { satisfies } from '../catalog/capabilities.js';
import { helpers } from '../catalog/helpers.js';
import type { Catalog, Feature, RenderFunction } from '../catalog/types.js';
import type { Capability, ProjectSpec } from '../model.js';
import { originOf } from './choose.js';
import { createContext } from './context.js';
import { tidy } from './tidy.js';

export interface Renderer {
  /** The text of one file; '' when the template has nothing to say. Throws with `origin` and `path` in the message. */
  render(template: RenderFunction, path: string, origin: string): string;
}

/**
 * A renderer for one project: its values, and the fragments of its features for the slots. Throws when facts or slots
 * do not fit together.
 */
export function createRenderer(
  catalog: Catalog,
  spec: ProjectSpec,
  generator: string,
  features: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
): Renderer {
  const context = createContext(catalog, spec, generator, features, capabilities);
  const partials = fillSlots(catalog.slots, features, capabilities);
  return {
    render(template, path, origin) {
      try {
        return tidy(path, template(context, { helpers, partials }));
      } catch (error) {
        throw new Error(`${origin}, ${path}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** Renders a blueprint of the add commands with its own context; same helpers, no slots. */
export function renderBlueprint(template: RenderFunction, path: string, context: object): string {
  return tidy(path, template(context, { helpers, partials: {} }));
}

function fillSlots(
  slots: readonly string[],
  features: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
): Record<string, RenderFunction> {
  const filled = new Map<string, RenderFunction[]>(slots.map((slot) => [slot, []]));
  for (const feature of features) {
    for (const fragment of feature.slots) {
      if (!satisfies(fragment.when, capabilities)) continue;
      const parts = filled.get(fragment.slot);
      if (!parts) throw new Error(`${originOf(feature)}: no template opens ${fragment.slot}.`);
      parts.push(fragment.render);
    }
  }
  return Object.fromEntries([...filled].map(([slot, parts]) => [slot, joinParts(parts)]));
}

/** Several fragments as one partial. Each ends its last line; one that is only white space is left out. */
function joinParts(parts: readonly RenderFunction[]): RenderFunction {
  return (context, options) =>
    parts
      .map((part) => part(context, options))
      .filter((text) => text.trim() !== '')
      .map((text) => (text.endsWith('\n') ? text : `${text}\n`))
      .join('');
}
