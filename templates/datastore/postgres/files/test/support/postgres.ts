import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { isNetworkError } from '../../src/kit/definitions/definitions.js';
import { startEmbeddedPostgres } from '../../src/kit/testing/embedded-postgres.js';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

/** Before all tests: the PostgreSQL at `DATABASE_URL`, or where none answers an embedded one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  const { DATABASE_URL } = process.env;
  const url = DATABASE_URL ?? 'postgres://app:app@127.0.0.1:5432/app';
  const why = await whyUnusable(url);
  if (why === undefined) {
    project.provide('databaseUrl', url);
    return;
  }
  // A server that answers and refuses is a mistake in DATABASE_URL.
  if (DATABASE_URL !== undefined && !isNetworkError(why)) throw why;
  console.info(`No PostgreSQL at ${new URL(url).host}: the tests use an embedded one (PGlite).`);
  const embedded = await startEmbeddedPostgres();
  project.provide('databaseUrl', embedded.url);
  return embedded.close;
}

async function whyUnusable(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end();
  }
}
