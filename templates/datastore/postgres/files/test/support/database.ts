import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { requiredEnv } from './env.js';

const url = process.env.DATABASE_URL ?? requiredEnv.DATABASE_URL;

/** A schema of its own for one test, in the database of `DATABASE_URL`. */
export async function openTestDatabase() {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(`CREATE SCHEMA ${schema}`);
  const own = new URL(String(url));
  own.searchParams.set('options', `-c search_path=${schema}`);
  return {
    env: { DATABASE_URL: own.href },
    drop: () => execute(`DROP SCHEMA ${schema} CASCADE`),
  };
}

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    await client.query(statement);
  } catch (error) {
    throw new Error(`The tests need PostgreSQL at DATABASE_URL: ${String(error)}`, {
      cause: error,
    });
  } finally {
    await client.end();
  }
}
