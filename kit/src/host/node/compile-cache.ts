import module from 'node:module';
import { join } from 'node:path';
import { PROJECT } from './project.js';

/** New in Node.js 22. @see https://nodejs.org/api/module.html#module-compile-cache */
interface CompileCache {
  enableCompileCache?(folder: string): unknown;
}

/**
 * Keeps the compiled code of what is loaded from now on for the next start. It lies beside the code, not in the folder for
 * temporary files, where others could put something else; where that cannot be written, nothing is kept.
 */
export function keepCompiledCode(): void {
  (module as CompileCache).enableCompileCache?.(join(PROJECT, 'dist/compiled'));
}
