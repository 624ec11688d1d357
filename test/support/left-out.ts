import { appendFileSync } from 'node:fs';

/**
 * Says what could not be tested here and why: on stderr, and for the summary of `.ci/run` in the file that
 * LEFT_OUT names. Nothing is left out in silence.
 */
export function leftOut(what: string, why: string): void {
  const line = `${what}: ${why}`;
  console.warn(`\nLEFT OUT  ${line}\n`);
  const { LEFT_OUT: file } = process.env;
  if (file) appendFileSync(file, `${line}\n`);
}
