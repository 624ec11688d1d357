/** Databases on the PostgreSQL server of the machine, for tests. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

const { TEST_POSTGRES_URL: SERVER = 'postgres://postgres@127.0.0.1:5432/test' } = process.env;

export interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** Why the server cannot be used, or null. */
export async function whyNoPostgres(): Promise<string | null> {
  try {
    await execute('SELECT 1');
    return null;
  } catch (error) {
    const { host, pathname } = new URL(SERVER);
    const why = error instanceof AggregateError ? error.errors[0] : error;
    return `no PostgreSQL at ${host}${pathname} (${why.message}); TEST_POSTGRES_URL names another`;
  }
}

/** An empty database of its own. The caller drops it. */
export async function createDatabase(): Promise<Database> {
  const name = `create_mcp_${randomBytes(6).toString('hex')}`;
  await execute(`CREATE DATABASE ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}
