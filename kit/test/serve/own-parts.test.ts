import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/v4';
import { apiKeys } from '../../src/auth/api-keys.js';
import { jwt } from '../../src/auth/jwt.js';
import { NO_METRICS } from '../../src/definitions/definitions.js';
import { nodeHost } from '../../src/host/node/host.js';
import { createHttpHandler } from '../../src/http/handler.js';
import { defineParts, defineServer, int, type Part } from '../../src/index.js';
import { openServer } from '../../src/serve/open-server.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { callTool, connect, eras } from '../../src/testing/client.js';
import { createTestApp, type TestChanges } from '../support/app.js';
import { jwtEnv } from '../support/credentials.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

describe('background work', () => {
  /** Opens a server with work that tells what it sees. */
  async function start(work: NonNullable<TestChanges['background']>[string]) {
    const log = createLogger(nodeHost, 'silent', 'test');
    const logged = vi.spyOn(log, 'error');
    const app = await createTestApp({}, { background: { sweep: work }, log });
    return { app, logged };
  }

  test('goes on as long as the server, with its services, and ends before they do', async () => {
    const order: string[] = [];
    const { app, logged } = await start(async ({ store, signal, log, metrics }) => {
      expect([log, metrics]).not.toContain(undefined);
      await store.ping();
      order.push('began');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      await store.ping();
      order.push('ended');
    });
    await vi.waitFor(() => expect(order).toEqual(['began']));
    const closeStore = vi.spyOn(app.store, 'close').mockImplementation(async () => {
      order.push('store closed');
    });
    await app.close();
    expect(order).toEqual(['began', 'ended', 'store closed']);
    expect(logged).not.toHaveBeenCalled();
    closeStore.mockRestore();
  });

  test.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('out of order'))],
    [
      'throws',
      () => {
        throw new Error('out of order');
      },
    ],
  ])('that %s is logged by its name, and ends nothing else', async (_, work) => {
    const { app, logged } = await start(work);
    await vi.waitFor(() => {
      expect(logged).toHaveBeenCalledExactlyOnceWith(
        { err: expect.objectContaining({ message: 'out of order' }) },
        expect.stringContaining('sweep'),
      );
    });
    const listed = await callTool(app, 'list_notes');
    expect(listed.structuredContent).toEqual({ notes: [] });
    await app.close();
  });

  test('that does not heed its signal keeps nothing from closing, and nor does a part that cannot close', async () => {
    const log = createLogger(nodeHost, 'silent', 'test');
    const logged = vi.spyOn(log, 'error');
    const closed: string[] = [];
    const broken: Part = {
      open: () => ({}),
      close() {
        throw new Error('stuck');
      },
    };
    const last: Part = { open: () => ({}), close: () => void closed.push('last') };
    const app = await createTestApp(
      {},
      { background: { deaf: () => new Promise(() => {}) }, parts: { broken, last }, log },
    );
    await app.close();
    expect(closed).toEqual(['last']);
    expect(logged).toHaveBeenCalledExactlyOnceWith(
      { err: expect.objectContaining({ message: 'stuck' }) },
      'a part of the server did not close',
    );
  });

  test('that is aborted in the middle is no failure', async () => {
    const { app, logged } = await start(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    await app.close();
    expect(logged).not.toHaveBeenCalled();
  });
});

describe('checks of the owner', () => {
  const part = (name?: string): Part => ({
    ...(name !== undefined && { name }),
    open: () => ({}),
    check: async () => {},
  });

  test.each<[string, TestChanges]>([
    ['two parts', { parts: { one: part('datastore') } }],
    ['a part by its place and another by its name', { parts: { datastore: part() } }],
    ['a part and a check of the server', { checks: { datastore: async () => {} } }],
  ])('do not hide each other: %s of one name do not start', async (_, changes) => {
    await expect(createTestApp({}, changes)).rejects.toMatchObject({
      problems: ['two readiness checks are named datastore: give one another name'],
    });
  });

  async function ready(checks: NonNullable<TestChanges['checks']>) {
    const app = await createTestApp({}, { checks });
    const { fetch } = createHttpHandler(app);
    const answer = await fetch(new Request('http://localhost/readyz'));
    return { status: answer.status, body: await answer.json(), app };
  }

  test('are part of /readyz, beside those of the parts, and use the services', async () => {
    const fine = await ready({ shop: async ({ store }) => store.ping() });
    expect(fine).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { datastore: 'ok', shop: 'ok' } },
    });
  });

  test.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('away'))],
    [
      'throws at once',
      () => {
        throw new Error('away');
      },
    ],
  ])('one that %s makes the server unavailable, by name', async (_, shop) => {
    const { status, body, app } = await ready({ shop });
    expect(status).toBe(503);
    expect(body).toEqual({
      status: 'unavailable',
      checks: { datastore: 'ok', shop: 'unreachable' },
    });
    const text = app.metrics.registry.text();
    expect(text).toContain('mcp_dependency_up{dependency="shop"} 0\n');
    expect(text).toContain('mcp_dependency_up{dependency="datastore"} 1\n');
  });
});

test('figures of the owner are in /metrics', async () => {
  const shop = {
    open({ metrics }) {
      const orders = metrics.counters('shop_orders_total', 'Orders.', 'kind', ['tea', 'coffee']);
      metrics.gauge('shop_open', 'Whether the shop is open.', () => 1);
      return { order: (kind: 'tea' | 'coffee') => orders[kind].inc() };
    },
  } satisfies Part;
  const { defineTool } = defineParts({ shop });
  const order = defineTool({
    name: 'order',
    title: 'Order',
    description: 'Orders tea.',
    input: z.object({}),
    output: z.object({}),
    annotations,
    run(_, ctx) {
      ctx.shop.order('tea');
      return {};
    },
  });
  const app = await createTestApp({}, { parts: { shop }, tools: { order } });
  await callTool(app, 'order');
  await callTool(app, 'order');
  const { fetch } = createHttpHandler(app);
  const headers = { host: 'localhost' };
  const request = new Request('http://localhost/metrics', { headers });
  const text = await (await fetch(request, '127.0.0.1')).text();
  expect(text).toContain('shop_orders_total{kind="tea"} 2\n');
  expect(text).toContain('shop_orders_total{kind="coffee"} 0\n');
  expect(text).toContain('shop_open 1\n');
});

describe.each(eras)('a client that speaks %s', (era) => {
  test('gets the instructions', async () => {
    const instructions = 'List the notes before you create one.';
    const client = await connect(await createTestApp({}, { instructions }), era);
    expect(client.getInstructions()).toBe(instructions);
  });

  test('gets none where there are none', async () => {
    const client = await connect(await createTestApp(), era);
    expect(client.getInstructions()).toBeUndefined();
  });
});

describe('the settings that a call finds', () => {
  const settings = { SHOP_URL: z.url(), SHOP_PAGES: int(1, 10).default(3) };
  const vault = {
    settings: { VAULT_TOKEN: z.string() },
    open: ({ config }) => ({ length: config.VAULT_TOKEN.length }),
  } satisfies Part<{ VAULT_TOKEN: z.ZodString }>;

  const { parts, defineTool } = defineParts({ settings, vault, auth: [apiKeys(), jwt()] });
  let found: object = {};
  const look = defineTool({
    name: 'look',
    title: 'Look',
    description: 'Looks.',
    input: z.object({}),
    output: z.object({ url: z.string(), pages: z.number(), length: z.number() }),
    annotations,
    run(_, { config, vault }) {
      found = config;
      return { url: config.SHOP_URL, pages: config.SHOP_PAGES, length: vault.length };
    },
  });
  const env = {
    ...jwtEnv,
    LOG_LEVEL: 'silent',
    MCP_API_KEYS: 'test:a-key-for-the-tests',
    SHOP_URL: 'https://shop.example',
    VAULT_TOKEN: 'hunter2',
    AUDIT_HASH_KEY: 'hunter2-hunter2-hunter2-hunter2-hunter2',
    REQUEST_STATE_SECRET: 'Zq7RnV2-xK9bTf4WcY6mHs8LdP3gJa5E',
    METRICS_TOKEN: 'hunter2-hunter2-hunter2',
  };

  test('are those of every server and its own, and no secret of another part', async () => {
    const app = await createTestApp(env, { parts, tools: { look } });
    const { structuredContent } = await callTool(app, 'look');
    expect(structuredContent).toEqual({ url: 'https://shop.example', pages: 3, length: 7 });
    expect(found).toEqual({
      SHOP_URL: 'https://shop.example',
      SHOP_PAGES: 3,
      LOG_LEVEL: 'silent',
      TOOL_TIMEOUT_MS: 30_000,
      MAX_OUTPUT_BYTES: 1_000_000,
      MAX_OUTPUT_ROWS: 1_000,
      SHUTDOWN_TIMEOUT_MS: 35_000,
    });
    expect(Object.isFrozen(found)).toBe(true);
  });

  test('that are missing or wrong stop the start, all at once', () => {
    const { SHOP_URL: _, VAULT_TOKEN: __, ...rest } = env;
    const server = defineServer({ name: 'test', version: '1.0.0', parts, tools: { look } });
    const start = () =>
      openServer(server, {
        host: nodeHost,
        env: { ...rest, SHOP_PAGES: '11' },
        metrics: () => NO_METRICS,
      });
    expect(start).toThrow(/SHOP_URL: is required/);
    expect(start).toThrow(/SHOP_PAGES: /);
    expect(start).toThrow(/VAULT_TOKEN: is required/);
  });
});

describe('a part of the owner', () => {
  test('is opened once, checked under its name and closed with the server', async () => {
    const order: string[] = [];
    const shop = {
      open: () => {
        order.push('open');
        return { isThere: true };
      },
      check: async ({ isThere }) => {
        order.push(`check ${isThere}`);
      },
      close: () => void order.push('close'),
    } satisfies Part<Record<never, never>, { isThere: boolean }>;
    const app = await createTestApp({}, { parts: { shop } });
    const { fetch } = createHttpHandler(app);
    const answer = await fetch(new Request('http://localhost/readyz'));
    expect(await answer.json()).toMatchObject({ checks: { shop: 'ok' } });
    await app.close();
    expect(order).toEqual(['open', 'check true', 'close']);
  });
});
