/** How templates are compiled, and what may stand in them. */
import Handlebars from 'handlebars';
import { helpers } from './helpers.js';
import type { RenderFunction } from './types.js';

/** With these an unknown helper is an error when the catalog is read, and an unknown value when it is rendered. */
const compileOptions: CompileOptions = {
  strict: true,
  noEscape: true,
  knownHelpersOnly: true,
  knownHelpers: {
    ...Object.fromEntries(Object.keys(helpers).map((name) => [name, true])),
    // Built-in ones that let undefined values pass, or print.
    with: false,
    lookup: false,
    log: false,
  } as CompileOptions['knownHelpers'] & object,
};

/** The slots a template opens. Throws when one does not stand alone on its line. */
export function openedSlots(source: string): string[] {
  const names: string[] = [];
  for (const line of source.split(/\r?\n/)) {
    if (!/\{\{~?#?>/.test(line)) continue;
    const slot = /^[ \t]*\{\{> ([a-z0-9/-]+)\}\}[ \t]*$/.exec(line)?.[1];
    if (slot === undefined) {
      throw new Error(
        `A slot stands alone on its line, like {{> config/fields}}; found: ${line.trim()}`,
      );
    }
    names.push(slot);
  }
  return names;
}

/** The source text of a compiled template. Throws where the template is not valid. */
export function precompile(source: string): string {
  return String(Handlebars.precompile(source, compileOptions));
}

/** A template to use at once. Throws where it is not valid, which Handlebars would only do on the first use. */
export function compile(source: string): RenderFunction {
  precompile(source);
  return Handlebars.compile(source, compileOptions) as RenderFunction;
}
