import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../host/node/project.js';
import type { Database } from './libsql.js';
import { whenUnlocked } from './sqlite-locks.js';

const FOLDER = join(PROJECT, 'migrations');

/** Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. */
export async function migrate(database: Database): Promise<void> {
  await whenUnlocked(() => database.exec('BEGIN IMMEDIATE'));
  try {
    await database.exec('CREATE TABLE IF NOT EXISTS mcp_migrations (name TEXT PRIMARY KEY)');
    const done = await database.prepare('SELECT name FROM mcp_migrations');
    const seen = new Set((await done.all()).map((row: { name: string }) => row.name));
    const insert = await database.prepare('INSERT INTO mcp_migrations (name) VALUES (?)');
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await database.exec(readFileSync(join(FOLDER, name), 'utf8'));
      await insert.run(name);
    }
    await whenUnlocked(() => database.exec('COMMIT'));
  } catch (error) {
    // SQLite may have rolled back by itself.
    await database.exec('ROLLBACK').catch(() => {});
    throw error;
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
