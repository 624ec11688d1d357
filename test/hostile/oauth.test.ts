/** Signing in, from the address of the server alone: a real authorization server and the clients of both SDKs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startAuthorizationServer } from '../support/authorization-server.js';
import { PersonalClient } from '../support/person.js';
import { builtProject, freePort, startHttp, stop } from '../support/server.js';

const SCOPES = ['notes:read', 'notes:write'];
const DOCUMENT = 'https://client.example/mcp.json';
const INFO = { name: 'test', version: '1.0.0' };
const SEARCH = { name: 'search_notes', arguments: { query: '' } };
const NOTE = { name: 'create_note', arguments: { title: 'Signed in', body: 'By the test.' } };

let project: string;
beforeAll(async () => {
  project = await builtProject({ transport: 'http', auth: 'oauth' });
});

/** A server and its identity provider; both end with the test. */
async function start(env: Readonly<Record<string, string>> = {}, refreshes = true) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const { clientMetadata } = new PersonalClient(DOCUMENT, refreshes);
  const provider = await startAuthorizationServer(`${origin}/mcp`, SCOPES, {
    [DOCUMENT]: { ...clientMetadata, client_id: DOCUMENT },
  });
  onTestFinished(() => provider.close());
  const folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-oauth-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const server = await startHttp(project, {
    PORT: String(port),
    PUBLIC_URL: origin,
    OAUTH_ISSUER: provider.issuer,
    DATABASE_URL: `file:${join(folder, 'notes.db')}`,
    ...env,
  });
  onTestFinished(async () => void (await stop(server)));
  return { provider, server };
}

/** One client of either SDK that signs in when it is told to, as a program around it would. */
interface Caller {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  /** Does what a person was sent to do, and gives the result of `work` then. */
  signingIn<T>(work: () => Promise<T>): Promise<T>;
  connect(): Promise<unknown>;
}

function modern(url: string, person: PersonalClient, era?: '2026-07-28'): Caller {
  const mode = era === undefined ? ('legacy' as const) : { pin: era };
  const client = new Client(INFO, { versionNegotiation: { mode } });
  const open = () => new StreamableHTTPClientTransport(new URL(url), { authProvider: person });
  let transport = open();
  onTestFinished(() => client.close());
  return {
    connect: async () => {
      transport = open();
      await client.connect(transport);
    },
    callTool: (call) => client.callTool(call),
    signingIn: (work) => retrying(work, () => transport.finishAuth(person.callback)),
  };
}

function old(url: string, person: PersonalClient): Caller {
  const client = new OldClient(INFO);
  const open = () => new OldTransport(new URL(url), { authProvider: person });
  let transport = open();
  onTestFinished(() => client.close());
  return {
    connect: async () => {
      transport = open();
      await client.connect(transport);
    },
    callTool: (call) => client.callTool(call),
    signingIn: (work) =>
      retrying(work, () => transport.finishAuth(person.callback.get('code') ?? '')),
  };
}

async function retrying<T>(work: () => Promise<T>, finish: () => Promise<void>): Promise<T> {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'nobody had to sign in').toBeInstanceOf(Error);
  expect((error as Error).constructor.name).toBe('UnauthorizedError');
  await finish();
  return await work();
}

const clients = [
  [
    'the v2 client, 2026-07-28',
    (url: string, person: PersonalClient) => modern(url, person, '2026-07-28'),
  ],
  ['the v2 client, 2025-11-25', (url: string, person: PersonalClient) => modern(url, person)],
  ['the v1 client', old],
] as const;

describe.each(clients)('%s', (name, open) => {
  test('registers itself, signs in, and may do what was agreed to', async () => {
    const { provider, server } = await start();
    const person = new PersonalClient();
    const client = open(server.url, person);
    await client.signingIn(client.connect);

    expect(provider.exchanges.filter(({ path }) => path === '/reg')).toHaveLength(1);
    const [visit] = person.visits;
    expect(Object.fromEntries(visit?.searchParams ?? [])).toMatchObject({
      resource: server.url,
      code_challenge_method: 'S256',
    });
    expect(visit?.searchParams.get('scope')?.split(' ')).toEqual(expect.arrayContaining(SCOPES));

    const token = person.tokens()?.access_token ?? '';
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
    expect(decodeJwt(token)).toMatchObject({ aud: server.url, sub: 'alice' });
    expect(await client.callTool(NOTE)).toHaveProperty('structuredContent.note.title');
    expect(person.visits).toHaveLength(1);
    expect(server.stderr() + server.stdout()).not.toContain(token);
  });

  test('is known by its document, reads, and signs in again to write', async () => {
    // The v1 client takes a refresh token for an answer when it is told that it needs more scopes.
    const refreshes = name !== 'the v1 client';
    const { provider, server } = await start({ OAUTH_FIRST_SCOPES: 'notes:read' }, refreshes);
    const person = new PersonalClient(DOCUMENT, refreshes);
    const client = open(server.url, person);
    await client.signingIn(client.connect);
    expect(person.clientInformation()?.client_id).toBe(DOCUMENT);
    expect(provider.exchanges.filter(({ path }) => path === '/reg')).toEqual([]);
    expect(person.visits[0]?.searchParams.get('scope')).not.toContain('notes:write');

    expect(await client.callTool(SEARCH)).not.toHaveProperty('isError', true);
    const created = await client.signingIn(() => client.callTool(NOTE));
    expect(created).toHaveProperty('structuredContent.note.title', NOTE.arguments.title);
    expect(person.visits).toHaveLength(2);
    const asked = person.visits[1]?.searchParams.get('scope')?.split(' ');
    expect(asked).toEqual(expect.arrayContaining(SCOPES));
  });

  test('whose token is refused gets another one without the person', async () => {
    const { provider, server } = await start();
    const person = new PersonalClient();
    const client = open(server.url, person);
    await client.signingIn(client.connect);
    const tokens = person.tokens();
    if (tokens === undefined) throw new Error('there are no tokens');
    // A signature that does not fit.
    person.saveTokens({ ...tokens, access_token: `${tokens.access_token.slice(0, -8)}AAAAAAAA` });
    expect(await client.callTool(SEARCH)).not.toHaveProperty('isError', true);
    expect(person.tokens()?.access_token).not.toBe(tokens.access_token);
    expect(person.visits).toHaveLength(1);
    const grants = provider.exchanges.flatMap(({ parameters }) => parameters.getAll('grant_type'));
    expect(grants).toEqual(['authorization_code', 'refresh_token']);
  });
});

test('a token that the same provider issued for another server is refused', async () => {
  const here = await start();
  const person = new PersonalClient();
  const client = modern(here.server.url, person);
  await client.signingIn(client.connect);
  const there = await freePort();
  const other = await startHttp(project, {
    PORT: String(there),
    PUBLIC_URL: `http://127.0.0.1:${there}`,
    OAUTH_ISSUER: here.provider.issuer,
    DATABASE_URL: 'file:/nowhere/never-opened.db',
  });
  onTestFinished(async () => void (await stop(other)));
  const answer = await fetch(other.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${person.tokens()?.access_token}`,
      'content-type': 'application/json',
    },
    body: '{}',
  });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
});
