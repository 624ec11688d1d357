/** Reads a `templates/` folder and compiles it: for tests and for the build. A release has the result in its bundle. */
import { fileURLToPath } from 'node:url';
import { assembleCatalog } from './assemble.js';
import { readCatalog } from './read.js';
import { CatalogError } from './source.js';
import { compile } from './template.js';
import type { Catalog } from './types.js';

/** The kit of the checkout, from here and from the bundle in `dist/`. */
const KIT = fileURLToPath(new URL('../../kit', import.meta.url));

/**
 * The catalog of the folder `dir`, with the kit of the folder `kit`. Throws a `CatalogError` that names every mistake with
 * its file.
 */
export async function loadCatalog(dir: string, kit: string = KIT): Promise<Catalog> {
  const source = await readCatalog(dir, kit);
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
