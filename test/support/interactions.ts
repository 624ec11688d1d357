/** A small set of projects in which all choices whose code meets stand beside each other. */
import type { Catalog } from '../../src/catalog/types.js';
import type { ProjectSpec } from '../../src/model.js';
import { pairwiseSpecs } from './pairwise.js';

/**
 * The axes whose generated code meets, in pairs: one has files or lines for the other's choices, or calls what they
 * provide. What is not here is only looked at by itself: deploy files and package managers bring no TypeScript.
 */
export const INTERACTIONS: readonly (readonly [string, string])[] = [
  // A starter's tools, resources and policy, over the store and for its callers.
  ['starter', 'datastore'],
  ['starter', 'auth'],
  ['starter', 'transport'],
  // Callers, their sessions and limits.
  ['transport', 'auth'],
  ['transport', 'state'],
  ['transport', 'datastore'],
  ['auth', 'state'],
  // Spans and figures of calls, stores and Redis.
  ['observability', 'transport'],
  ['observability', 'datastore'],
  ['observability', 'state'],
  ['observability', 'auth'],
];

/**
 * What meets only when a project is installed and run: package managers bring the native code of SQLite (other drivers are
 * JavaScript), and notes have code of their own for each kind of store. SQL databases are taken in turn by the starters that use them;
 * other suites run notes on each of them.
 */
export const INSTALLED_TOGETHER: typeof INTERACTIONS = [
  ['package-manager', 'datastore=sqlite'],
  ['starter=notes', 'datastore=redis'],
  ['starter=notes', 'datastore=mongodb'],
  ['starter=notes', 'datastore=elasticsearch'],
  ['starter=database', 'datastore=postgres'],
  ['starter=records', 'datastore=mysql'],
  ['starter=analytics', 'datastore=sqlite'],
];

/** Covers each choice, and each pair of choices from axes that interact. */
export function interactingSpecs(catalog: Catalog, interactions = INTERACTIONS): ProjectSpec[] {
  const isOf = (choice: string, part: string) => choice === part || choice.startsWith(`${part}=`);
  return pairwiseSpecs(catalog, (a, b) =>
    interactions.some(
      ([one, other]) => (isOf(a, one) && isOf(b, other)) || (isOf(a, other) && isOf(b, one)),
    ),
  );
}
