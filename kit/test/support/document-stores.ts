import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type MongoStore, mongodb } from '../../src/store/mongodb.js';
import { createTestApp, type TestApp } from './app.js';
import { dropMongoDatabase, type MongoStandIn, startMongoStandIn } from './mongo-stand-in.js';

const { TEST_MONGODB_URL } = process.env;

/** A kind of document store, for the tests that hold for all of them. A new one needs an entry here. */
export interface DocumentStoreFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  readonly part: ReturnType<typeof mongodb>;
  /** The settings of an empty database. */
  env(): Promise<Record<string, string>>;
  /** The settings of a database that is not there, with a secret. */
  readonly away: Record<string, string>;
}

/** A server of its own for each test. */
export async function mongoStandIn(): Promise<MongoStandIn & { readonly url: string }> {
  const server = await startMongoStandIn();
  onTestFinished(() => server.close().catch(() => {}));
  return Object.assign(server, {
    url: `mongodb://127.0.0.1:${server.port}/test?directConnection=true`,
  });
}

const shared = {
  part: mongodb(),
  away: { DATABASE_URL: 'mongodb://user:secret@127.0.0.1:1/none' },
};

export const standInFixture: DocumentStoreFixture = {
  ...shared,
  name: 'MongoDB, a stand-in',
  env: async () => ({ DATABASE_URL: (await mongoStandIn()).url }),
};

export const mongodbFixture: DocumentStoreFixture = {
  ...shared,
  name: 'MongoDB',
  why: TEST_MONGODB_URL === undefined ? 'TEST_MONGODB_URL names no replica set' : undefined,
  async env() {
    const url = new URL(TEST_MONGODB_URL ?? '');
    url.pathname = `test_${randomUUID().replaceAll('-', '')}`;
    onTestFinished(() => dropMongoDatabase(url.href));
    return { DATABASE_URL: url.href };
  },
};

export const documentStoreFixtures = [mongodbFixture, standInFixture];

/** The fixture's server on such a store. */
export async function createDocumentStoreApp(
  { part, env }: DocumentStoreFixture,
  changes: Record<string, string> = {},
) {
  const settings = 'DATABASE_URL' in changes ? changes : { ...(await env()), ...changes };
  const app = await createTestApp(settings, { parts: { store: part } });
  return app as unknown as Omit<TestApp, 'store'> & { readonly store: MongoStore };
}
