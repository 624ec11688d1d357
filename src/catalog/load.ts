/** Reads a `templates/` folder and compiles it: for tests and for the build. A release has the result in its bundle. */

import { assembleCatalog } from './assemble.js';
import { readCatalog } from './read.js';
import { CatalogError } from './source.js';
import { compile } from './template.js';
import type { Catalog } from './types.js';

/**
 * The catalog of the folder `dir`. Throws a `CatalogError` that names every mistake with its file.
 */
export async function loadCatalog(dir: string): Promise<Catalog> {
  const source = await readCatalog(dir);
  const mistakes: string[] = [];
  const catalog = assembleCatalog(source, ({ file, text }) => {
    try {
      return compile(text);
    } catch (error) {
      mistakes.push(`${file}: ${(error as Error).message}`);
      return () => '';
    }
  });
  if (mistakes.length > 0) throw new CatalogError(mistakes);
  return catalog;
}
