import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { onTestFinished } from 'vitest';

const { DATABASE_URL: url = 'mongodb://127.0.0.1:27017/app?directConnection=true' } = process.env;

/** The settings of a database for one test, beside the database of `DATABASE_URL`. */
export async function openTestDatabase() {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const own = url.replace(/(?<=^[^/]+\/\/[^/]+\/)[^?]*/, name);
  await withClient(own, (client) => client.db().command({ ping: 1 }));
  onTestFinished(async () => {
    await withClient(own, (client) => client.db().dropDatabase());
  });
  return { DATABASE_URL: own };
}

async function withClient(
  address: string,
  work: (client: MongoClient) => Promise<unknown>,
): Promise<void> {
  const client = new MongoClient(address, { serverSelectionTimeoutMS: 3_000 });
  try {
    await work(client);
  } catch (error) {
    throw new Error(`The tests need MongoDB at DATABASE_URL: ${String(error)}`, { cause: error });
  } finally {
    await client.close();
  }
}
