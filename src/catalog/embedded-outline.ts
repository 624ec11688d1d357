/** The outline that belongs to this code. scripts/build.mjs replaces this module by one that holds it as data. */
import { type AxisOutline, outlineOf } from './outline-of.js';

export async function embeddedOutline(): Promise<readonly AxisOutline[]> {
  const { embeddedCatalog } = await import('./embedded.js');
  return outlineOf((await embeddedCatalog()).axes);
}
