/**
 * The catalog that belongs to this code. In a checkout it is read from `templates/`; scripts/build.mjs replaces this
 * module by one that holds the precompiled templates.
 */
import { fileURLToPath } from 'node:url';
import { loadCatalog } from './load.js';
import type { Catalog } from './types.js';

/** The catalog of this release; rejects with a CatalogError when the templates have a mistake. */
export function embeddedCatalog(): Promise<Catalog> {
  return loadCatalog(fileURLToPath(new URL('../../templates', import.meta.url)));
}
