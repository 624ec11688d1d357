import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { ElasticsearchStandIn } from '../../src/kit/testing/elasticsearch.js';

const LOCAL = 'http://elastic:app@127.0.0.1:9200';
const { DATABASE_URL } = process.env;
const url = DATABASE_URL ?? ((await answers(LOCAL)) ? LOCAL : undefined);

/**
 * The settings of indices for one test: in the cluster of `DATABASE_URL`, in one on this machine, or else in a stand-in, which keeps
 * documents in memory.
 */
export async function openTestDatabase() {
  if (url === undefined) {
    const standIn = await new ElasticsearchStandIn().start();
    onTestFinished(() => standIn.stop());
    return { DATABASE_URL: standIn.url };
  }
  const prefix = `test-${randomUUID()}-`;
  onTestFinished(() => deleteIndices(url, prefix));
  return { DATABASE_URL: url, DATABASE_INDEX_PREFIX: prefix };
}

async function answers(address: string): Promise<boolean> {
  return await ask(address, 'GET', '').then(
    ({ ok }) => ok,
    () => false,
  );
}

async function deleteIndices(address: string, prefix: string): Promise<void> {
  const found = await ask(address, 'GET', `${prefix}*`);
  for (const index of Object.keys((await found.json()) as object)) {
    await ask(address, 'DELETE', index);
  }
}

/** `fetch` takes no addresses with a password. */
async function ask(address: string, method: string, path: string): Promise<Response> {
  const target = new URL(address.split(',')[0] ?? '');
  const authorization = `Basic ${btoa(`${target.username}:${target.password}`)}`;
  const headers: Record<string, string> = target.username === '' ? {} : { authorization };
  Object.assign(target, { username: '', password: '', pathname: `/${path}` });
  return await fetch(target, { method, headers, signal: AbortSignal.timeout(5_000) });
}
