import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import * as z from 'zod/v4';
import { elasticsearch } from '../../src/store/elasticsearch.js';
import { defineIndex, type SearchStore } from '../../src/store/search-index.js';
import { ElasticsearchStandIn } from '../../src/testing/elasticsearch.js';
import { openPart } from './app.js';

/** The index of `fixtures/notes/indices/notes.json`. */
export const notes = defineIndex(
  'notes',
  z.object({
    id: z.string(),
    title: z.string().optional(),
    body: z.string().optional(),
    search: z.string().optional(),
    createdAt: z.iso.datetime().optional(),
    stars: z.number().optional(),
  }),
);

/** A kind of cluster, for the tests that hold for all of them. */
export interface SearchFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  /** The settings of indices that are nobody else's. */
  env(): Promise<Record<string, string>>;
}

/** A stand-in of its own, which ends with the test. */
export async function startStandIn(): Promise<ElasticsearchStandIn> {
  const standIn = await new ElasticsearchStandIn().start();
  onTestFinished(() => standIn.stop());
  return standIn;
}

const { TEST_ELASTICSEARCH_URL: address } = process.env;

export const searchFixtures: readonly SearchFixture[] = [
  {
    name: 'a stand-in for Elasticsearch',
    env: async () => ({ DATABASE_URL: (await startStandIn()).url }),
  },
  {
    name: 'Elasticsearch or OpenSearch',
    why: address === undefined ? 'TEST_ELASTICSEARCH_URL names none' : undefined,
    async env() {
      const prefix = `test-${randomUUID()}-`;
      const url = new URL(`${address}/${prefix}notes-1`);
      const { username, password } = url;
      url.username = '';
      url.password = '';
      const authorization = `Basic ${btoa(`${username}:${password}`)}`;
      const headers: Record<string, string> = username === '' ? {} : { authorization };
      onTestFinished(async () => {
        await fetch(url, { method: 'DELETE', headers });
      });
      return { DATABASE_URL: String(address), DATABASE_INDEX_PREFIX: prefix };
    },
  },
];

/** A store that is closed with the test. */
export function openSearchStore(
  env: Record<string, string>,
  changes: Parameters<typeof openPart>[2] = {},
): SearchStore {
  const store = openPart(elasticsearch(), env, changes);
  onTestFinished(() => store.close());
  return store;
}
