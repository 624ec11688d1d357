import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CliError, ExitCode } from '../errors.js';
import type { Plan, PlannedFile } from '../model.js';
import { lstat, summarise } from './target.js';

/**
 * The files of a plan that an existing directory does not have yet. Files with the planned contents are fine;
 * a file that differs, or a symbolic link on the way, is never written to.
 *
 * @throws CliError (exit code 1) naming every path in the way, before anything is written.
 */
export function filesToAdd(plan: Plan, directory: string): PlannedFile[] {
  const missing: PlannedFile[] = [];
  const inTheWay: string[] = [];
  for (const file of plan.values()) {
    const state = stateOf(file, directory);
    if (state === 'missing') missing.push(file);
    if (state === 'conflict') inTheWay.push(file.path);
  }
  if (inTheWay.length > 0) {
    throw new CliError(ExitCode.failed, [
      {
        message: `${directory} already contains different versions of ${summarise(inTheWay)}.`,
        hint: 'Move them or choose another directory. Nothing was written.',
      },
    ]);
  }
  return missing;
}

function stateOf(file: PlannedFile, directory: string): 'missing' | 'same' | 'conflict' {
  const segments = file.path.split('/');
  let current = directory;
  for (const [index, segment] of segments.entries()) {
    current = path.join(current, segment);
    const stats = lstat(current);
    if (stats === null) return 'missing';
    const isLast = index === segments.length - 1;
    if (!isLast && !stats.isDirectory()) return 'conflict';
    if (isLast && !stats.isFile()) return 'conflict';
  }
  return readFileSync(current).equals(Buffer.from(file.contents)) ? 'same' : 'conflict';
}
