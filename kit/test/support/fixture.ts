import { fileURLToPath } from 'node:url';

/** The folder of the project that the tests run on. */
export const FIXTURE = fileURLToPath(new URL('../fixtures/notes', import.meta.url));
