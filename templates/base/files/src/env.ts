import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Loads the project's `.env`, when there is one. Variables that are already set win. */
export function loadEnvFile(): void {
  const file = fileURLToPath(new URL('../.env', import.meta.url));
  if (existsSync(file)) process.loadEnvFile(file);
}
