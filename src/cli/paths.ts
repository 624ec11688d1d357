import path from 'node:path';

/** A path as a person in `cwd` would type it. */
export function displayPath(directory: string, cwd: string): string {
  const relative = path.relative(cwd, directory);
  if (relative === '') return '.';
  return relative.startsWith(`..${path.sep}..`) ? directory : relative;
}
