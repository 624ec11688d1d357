/** Databases on the MySQL or MariaDB server of the machine, for tests. */
import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import type { Database } from './postgres.js';

const { TEST_MYSQL_URL: SERVER = 'mysql://root@127.0.0.1:3306/test' } = process.env;

/** Why the server cannot be used, or null. */
export async function whyNoMysql(): Promise<string | null> {
  try {
    await execute('SELECT 1');
    return null;
  } catch (error) {
    const { host, pathname } = new URL(SERVER);
    const why = error instanceof AggregateError ? error.errors[0] : error;
    return `no MySQL at ${host}${pathname} (${why.message}); TEST_MYSQL_URL names another`;
  }
}

/** An empty database of its own. The caller drops it. */
export async function createDatabase(): Promise<Database> {
  const name = `create_mcp_${randomBytes(6).toString('hex')}`;
  await execute(`CREATE DATABASE ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(`DROP DATABASE IF EXISTS ${name}`) };
}

async function execute(statement: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: SERVER, connectTimeout: 3_000 });
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
