import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './project.js';

/** Loads the project's `.env`, when there is one. Variables that are already set win. */
export function loadEnvFile(): void {
  const file = join(PROJECT, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}
