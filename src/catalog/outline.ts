import { embeddedOutline } from './embedded-outline.js';
import { type AxisOutline, outlineOf } from './outline-of.js';

/** The axes of the catalog, for flags and help, without loading a template. */
export async function getOutline(): Promise<readonly AxisOutline[]> {
  const { CREATE_MCP_SERVER_TEMPLATES: folder } = process.env;
  if (!folder) return embeddedOutline();
  const { getCatalog } = await import('./index.js');
  return outlineOf((await getCatalog()).axes);
}
