/** The catalog: what can be chosen, and the templates behind it. */
import type { Catalog } from './types.js';

let catalog: Promise<Catalog> | undefined;

/**
 * The catalog of this release. The environment variable CREATE_MCP_SERVER_TEMPLATES (internal, for tests) names a
 * folder to read instead.
 */
export function getCatalog(): Promise<Catalog> {
  catalog ??= open();
  return catalog;
}

async function open(): Promise<Catalog> {
  const { CREATE_MCP_SERVER_TEMPLATES: folder } = process.env;
  if (folder) {
    const { loadCatalog } = await import('./load.js');
    return loadCatalog(folder);
  }
  const { embeddedCatalog } = await import('./embedded.js');
  return embeddedCatalog();
}
