/** Reads a `templates/` folder and compiles it: for tests and for the build. A release has the result in its bundle. */
import Handlebars from 'handlebars';
import type { Catalog, RenderFunction } from '../model.js';
import { assembleCatalog } from './assemble.js';
import { CatalogError, readCatalog } from './read.js';
import { compileOptions } from './template.js';

/**
 * The catalog of the folder `dir`. Throws a `CatalogError` that names every mistake with its file.
 */
export async function loadCatalog(dir: string): Promise<Catalog> {
  const source = await readCatalog(dir);
  const mistakes: string[] = [];
  const catalog = assembleCatalog(source, ({ file, text }) => {
    try {
      // `compile` waits for the first call; mistakes should show now.
      Handlebars.precompile(text, compileOptions);
      return Handlebars.compile(text, compileOptions) as RenderFunction;
    } catch (error) {
      mistakes.push(`${file}: ${(error as Error).message}`);
      return () => '';
    }
  });
  if (mistakes.length > 0) throw new CatalogError(mistakes);
  return catalog;
}
