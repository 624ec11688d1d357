/** Four replicas behind a balancer that knows nothing of callers: to a client they are one server. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Fleet, KEYS, startFleet } from '../support/fleet.js';
import { type Answer, rpc } from '../support/rpc.js';
import type { RunningHttp } from '../support/server.js';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet(4);
});
afterAll(() => fleet?.stop());

const headers = { authorization: `Bearer ${KEYS.alice}` };
const info = { name: 'test', version: '1.0.0' };

async function connect(url: string, mode: 'legacy' | { pin: string }): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  onTestFinished(() => client.close());
  return client;
}

async function connectOld(url: string): Promise<OldClient> {
  const client = new OldClient(info);
  const transport = new OldTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport as Parameters<OldClient['connect']>[0]);
  onTestFinished(() => client.close());
  return client;
}

/** Makes a note, finds it, and deletes it: every step may be at another replica. */
async function useNotes(client: Pick<Client, 'callTool'>, title: string): Promise<void> {
  const call = async (name: string, args: Record<string, unknown>) => {
    const { structuredContent, isError } = await client.callTool({ name, arguments: args });
    expect(isError).not.toBe(true);
    return structuredContent as { note: { id: string }; notes: { title: string }[] };
  };
  const { note } = await call('create_note', { title, body: 'x' });
  expect((await call('read_note', { id: note.id })).note).toMatchObject({ title });
  expect((await call('search_notes', { text: title })).notes).toHaveLength(1);
  await call('delete_note', { id: note.id });
  expect((await call('search_notes', { text: title })).notes).toEqual([]);
}

test('clients of all generations work at once, without a replica of their own', async () => {
  const { url, requests } = fleet.balancer;
  const clients = [
    await connectOld(url),
    await connect(url, 'legacy'),
    await connect(url, { pin: '2026-07-28' }),
  ];
  await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const client = clients[n % clients.length] as Client;
      expect((await client.listTools()).tools).toHaveLength(4);
      await useNotes(client, `together-${n}-`);
    }),
  );
  expect(requests.size).toBe(4);
  expect(Math.min(...requests.values())).toBeGreaterThan(10);
});

test('what changes at any replica reaches every listener once', async () => {
  const client = await connect(fleet.balancer.url, { pin: '2026-07-28' });
  const ids = await Promise.all(
    fleet.replicas.map(async (_, n) => {
      const note = { title: `heard-${n}`, body: '' };
      const { structuredContent } = await client.callTool({ name: 'create_note', arguments: note });
      return (structuredContent as { note: { id: string } }).note.id;
    }),
  );
  const uris = ids.map((id) => `note:///${id}`).sort();
  const listen = async (url: string) => {
    const listener = await connect(url, { pin: '2026-07-28' });
    const heard: string[] = [];
    listener.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri);
    });
    const { honoredFilter } = await listener.listen({ resourceSubscriptions: uris });
    expect(honoredFilter.resourceSubscriptions).toEqual(uris);
    return heard;
  };
  const places = [...fleet.replicas, ...fleet.replicas, fleet.balancer];
  const listeners = await Promise.all(places.map(({ url }) => listen(url)));

  await Promise.all(
    fleet.replicas.map(({ url }, n) => callAs('alice', url, 'delete_note', { id: ids[n] })),
  );
  for (const heard of listeners) {
    await expect.poll(() => [...heard].sort(), { timeout: 5_000 }).toEqual(uris);
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const heard of listeners) expect(heard).toHaveLength(uris.length);
});

function callAs(
  who: keyof typeof KEYS,
  url: string,
  name: string,
  args: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const capabilities = { elicitation: { form: {} } };
  const caller = { url, key: KEYS[who], era: '2026-07-28', capabilities } as const;
  return rpc(caller, 'tools/call', { name, arguments: args, ...more });
}

describe('an approval', () => {
  const inputResponses = { approval: { action: 'accept', content: { approve: true } } };
  const at = (n: number) => (fleet.replicas[n] as RunningHttp).url;

  async function question(): Promise<{ id: string; requestState: string }> {
    const note = { title: 'approve', body: '' };
    const { result } = await callAs('bob', at(0), 'create_note', note);
    const created = result?.structuredContent as { note: { id: string } } | undefined;
    const id = created?.note.id ?? '';
    const asked = await callAs('bob', at(1), 'delete_note', { id });
    expect(asked.result?.resultType).toBe('input_required');
    return { id, requestState: asked.result?.requestState ?? '' };
  }

  test('that one replica asks for is taken by another, and not twice', async () => {
    const { id, requestState } = await question();
    const answer = { requestState, inputResponses };
    const deleted = await callAs('bob', at(2), 'delete_note', { id }, answer);
    expect(deleted.result?.structuredContent).toEqual({ deleted: id });
    for (const n of [0, 1, 2, 3]) {
      const again = await callAs('bob', at(n), 'delete_note', { id }, answer);
      expect(again.result?.resultType).toBe('input_required');
    }
  });

  test('sent to all replicas at the same time counts once', async () => {
    const { id, requestState } = await question();
    const answers = await Promise.all(
      [0, 1, 2, 3, 0, 1, 2, 3].map((n) =>
        callAs('bob', at(n), 'delete_note', { id }, { requestState, inputResponses }),
      ),
    );
    const ends = answers.map(({ result }) =>
      result?.structuredContent ? 'deleted' : result?.resultType,
    );
    expect(ends.sort()).toEqual(['deleted', ...Array(7).fill('input_required')]);
  });
});
