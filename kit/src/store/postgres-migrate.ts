import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PROJECT } from '../host/node/project.js';

const FOLDER = join(PROJECT, 'migrations');
/** Any number that no other program uses for an advisory lock in this database. */
const LOCK = 7_205_759_403;
/** A migration may build an index, or wait for another server's migration (milliseconds). */
const TIMEOUT = 600_000;

/**
 * Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. Servers that
 * start at the same time wait for each other.
 */
export async function migrate(connectionString: string): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 3_000,
    // The database gives up first: nothing is left behind there, waiting for a lock.
    statement_timeout: TIMEOUT,
    query_timeout: TIMEOUT + 2_000,
  });
  // A lost connection fails the query under way; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query('CREATE TABLE IF NOT EXISTS mcp_migrations (name text PRIMARY KEY)');
    const { rows } = await client.query<{ name: string }>('SELECT name FROM mcp_migrations');
    const seen = new Set(rows.map(({ name }) => name));
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await client.query(readFileSync(join(FOLDER, name), 'utf8'));
      await client.query('INSERT INTO mcp_migrations (name) VALUES ($1)', [name]);
    }
    await client.query('COMMIT');
  } finally {
    // What is not committed rolls back when the connection ends.
    await client.end();
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
