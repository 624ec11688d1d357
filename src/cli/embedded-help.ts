import type { ProgramName } from './program.js';

/**
 * What `--help` prints at a width of 80 columns. Null in a checkout: then commander is asked. scripts/build.mjs replaces
 * this module by one that holds the texts, so that a plain `--help` starts as fast as it can.
 */
export const embeddedHelp: Readonly<Record<ProgramName, string>> | null = null;
