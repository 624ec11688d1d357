import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

const FOLDER = new URL('../../migrations/', import.meta.url);
/** Any number that no other program uses for an advisory lock in this database. */
const LOCK = 7_205_759_403;

/**
 * Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. Servers that
 * start at the same time wait for each other.
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query('CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)');
    const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
    const seen = new Set(rows.map(({ name }) => name));
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await client.query(readFileSync(new URL(name, FOLDER), 'utf8'));
      await client.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
    }
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    // A closed connection rolls back by itself.
    client.release(true);
    throw error;
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
