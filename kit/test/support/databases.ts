import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { connectionOptions } from '../../src/store/mysql.js';
import { newFolder } from './folder.js';

const { TEST_POSTGRES_URL = 'postgres://postgres@127.0.0.1:5432/test' } = process.env;
const { TEST_MYSQL_URL = 'mysql://root@127.0.0.1:3306/test' } = process.env;
export const { REDIS_URL = 'redis://127.0.0.1:6379' } = process.env;

/** A Redis that is not there. */
export const NOWHERE = 'redis://127.0.0.1:1';

/** The settings of a SQLite database for one test. */
export async function sqliteEnv() {
  return { DATABASE_URL: `file:${join(newFolder('database'), 'test.db')}` };
}

/** The settings of a PostgreSQL database for one test: a schema of its own. */
export async function postgresEnv() {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  await executePostgres(`CREATE SCHEMA ${schema}`);
  onTestFinished(async () => {
    await executePostgres(`DROP SCHEMA ${schema} CASCADE`);
  });
  const own = new URL(TEST_POSTGRES_URL);
  own.searchParams.set('options', `-c search_path=${schema}`);
  return { DATABASE_URL: own.href };
}

/** The settings of a MySQL or MariaDB database for one test. */
export async function mysqlEnv() {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await executeMysql(`CREATE DATABASE ${name}`);
  onTestFinished(async () => {
    await executeMysql(`DROP DATABASE ${name}`);
  });
  const own = new URL(TEST_MYSQL_URL);
  own.pathname = name;
  return { DATABASE_URL: own.href };
}

/** Why tests cannot use MySQL: only when no server answers. */
export async function whyNoMysql(): Promise<string | undefined> {
  try {
    await executeMysql('SELECT 1');
    return undefined;
  } catch (error) {
    return noAnswer(error, 'MySQL', new URL(TEST_MYSQL_URL).host, 'TEST_MYSQL_URL');
  }
}

/** Why tests cannot use PostgreSQL: only when no server answers. */
export async function whyNoPostgres(): Promise<string | undefined> {
  try {
    await executePostgres('SELECT 1');
    return undefined;
  } catch (error) {
    return noAnswer(error, 'PostgreSQL', new URL(TEST_POSTGRES_URL).host, 'TEST_POSTGRES_URL');
  }
}

/** Why tests cannot use Redis: only when no server answers. */
export async function whyNoRedis(): Promise<string | undefined> {
  const redis = new Redis(REDIS_URL, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return undefined;
  } catch (error) {
    return noAnswer(error, 'Redis', new URL(REDIS_URL).host, 'REDIS_URL');
  } finally {
    redis.disconnect();
  }
}

/** The title of a suite, which says why it is skipped. */
export function titled(name: string, why: string | undefined): string {
  return why === undefined ? name : `${name} (skipped: ${why})`;
}

/** A connection that is closed with the test. */
export async function redisClient(): Promise<Redis> {
  const redis = new Redis(REDIS_URL, { lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  await redis.connect();
  return redis;
}

/** @throws what a server that answers says: then the tests have to fail. */
function noAnswer(error: unknown, what: string, host: string, setting: string): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { code, message } = first as NodeJS.ErrnoException;
  const isAway = code === 'ECONNREFUSED' || message === 'Connection is closed.';
  if (!isAway) throw error;
  return `no ${what} at ${host}; ${setting} names another`;
}

/** Runs a statement as somebody who may do everything. */
export async function executePostgres(
  statement: string,
  url = TEST_POSTGRES_URL,
): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Runs a statement as somebody who may do everything. */
export async function executeMysql(statement: string, url = TEST_MYSQL_URL): Promise<unknown> {
  const connection = await mysql.createConnection(connectionOptions(url));
  try {
    return (await connection.query(statement))[0];
  } finally {
    await connection.end();
  }
}
