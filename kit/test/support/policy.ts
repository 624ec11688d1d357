import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder } from './folder.js';

/** A file with a policy, for one test. */
export function newPolicyFile(text: string): string {
  const file = join(newFolder('policy'), 'policy.yaml');
  writeFileSync(file, text);
  return file;
}
