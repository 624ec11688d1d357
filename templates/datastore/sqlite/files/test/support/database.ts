import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A database of its own for one test. */
export async function openTestDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'database-'));
  return {
    env: { DATABASE_URL: `file:${join(folder, 'test.db')}` },
    drop: () => rm(folder, { recursive: true }),
  };
}
