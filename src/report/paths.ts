import path from 'node:path';

/** A path as a user in `cwd` would type it. */
export function displayPath(directory: string, cwd: string): string {
  const relative = path.relative(cwd, directory);
  if (relative === '') return '.';
  if (relative.startsWith(`..${path.sep}..`)) return directory;
  // Otherwise read as a flag or a scoped package.
  return /^[-@]/.test(relative) ? `.${path.sep}${relative}` : relative;
}
