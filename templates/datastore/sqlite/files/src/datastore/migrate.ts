import { readdirSync, readFileSync } from 'node:fs';
import type Database from 'libsql/promise';

const FOLDER = new URL('../../migrations/', import.meta.url);

/** Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. */
export async function migrate(database: Database): Promise<void> {
  await database.exec('BEGIN IMMEDIATE');
  try {
    await database.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)');
    const done = await database.prepare('SELECT name FROM migrations');
    const seen = new Set((await done.all()).map((row: { name: string }) => row.name));
    const insert = await database.prepare('INSERT INTO migrations (name) VALUES (?)');
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await database.exec(readFileSync(new URL(name, FOLDER), 'utf8'));
      await insert.run(name);
    }
    await database.exec('COMMIT');
  } catch (error) {
    await database.exec('ROLLBACK');
    throw error;
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
