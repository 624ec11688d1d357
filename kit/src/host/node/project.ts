import { fileURLToPath } from 'node:url';

/**
 * The folder of the project, the same seen from `src/` and from `dist/`. The bundle moves code between files: nothing
 * else may look for a file beside its own.
 */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url));
