import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { onTestFinished } from 'vitest';

const { DATABASE_URL: url = 'postgres://app:app@127.0.0.1:5432/app' } = process.env;

/** The settings of a database for one test: a schema of its own in the database of `DATABASE_URL`. */
export async function openTestDatabase() {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(`CREATE SCHEMA ${schema}`);
  onTestFinished(() => execute(`DROP SCHEMA ${schema} CASCADE`));
  const own = new URL(url);
  own.searchParams.set('options', `-c search_path=${schema}`);
  return { DATABASE_URL: own.href };
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
