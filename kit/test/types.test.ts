import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod/v4';
import { anonymous } from '../src/auth/anonymous.js';
import { apiKeys } from '../src/auth/api-keys.js';
import { jwt } from '../src/auth/jwt.js';
import type { Principal } from '../src/definitions/definitions.js';
import { json } from '../src/http/exchange.js';
import { defineParts, defineServer, int, type Part, type Route } from '../src/index.js';
import { rateLimits } from '../src/limits/call-limits.js';
import { policyFile } from '../src/policy/policy-file.js';
import { memorySessions } from '../src/sessions/memory-sessions.js';
import { redis } from '../src/state/redis.js';
import type { Store } from '../src/store/sql.js';
import { sqlite } from '../src/store/sqlite.js';
import { openTelemetry } from '../src/telemetry/opentelemetry.js';

/** What does not compile is checked by the compiler: `// @ts-expect-error` is an error itself where there is none. */
const shop = {
  settings: { SHOP_TOKEN: z.string() },
  open: ({ config }) => ({ token: config.SHOP_TOKEN, find: (name: string) => name.length }),
} satisfies Part<{ SHOP_TOKEN: z.ZodString }>;

const kit = defineParts({
  settings: { SHOP_PAGES: int(1, 10).default(3) },
  auth: apiKeys(),
  store: sqlite({ file: 'data/test.db' }),
  shop,
});
const { parts, defineTool, defineResource, defineResourceTemplate, definePrompt } = kit;

const tool = {
  name: 'find',
  title: 'Find',
  description: 'Finds something.',
  input: z.object({ name: z.string() }),
  output: z.object({ length: z.number() }),
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
};
const find = defineTool({ ...tool, run: ({ name }, ctx) => ({ length: ctx.shop.find(name) }) });
const about = { name: 'test', version: '1.0.0', parts };

test('calls find the services and settings of their parts, with their types', () => {
  defineTool({
    ...tool,
    run({ name }, ctx) {
      expectTypeOf(name).toEqualTypeOf<string>();
      expectTypeOf(ctx.store).toEqualTypeOf<Store>();
      expectTypeOf(ctx.shop.find).toEqualTypeOf<(name: string) => number>();
      expectTypeOf(ctx.config.SHOP_PAGES).toEqualTypeOf<number>();
      expectTypeOf(ctx.config.MAX_OUTPUT_ROWS).toEqualTypeOf<number>();
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
      return { length: 1 };
    },
  });
  expect(defineServer({ ...about, tools: { find } }).definitions.tools.has('find')).toBe(true);
});

test('a result of the wrong type does not compile', () => {
  // @ts-expect-error: the output is a number
  defineTool({ ...tool, run: () => ({ length: '1' }) });
  // @ts-expect-error: nothing of the output is there
  defineTool({ ...tool, run: () => ({}) });
  // @ts-expect-error: the same behind a promise
  defineTool({ ...tool, run: async () => ({ length: '1' }) });
  const { output: _, ...shown } = tool;
  // @ts-expect-error: without an output the result is content
  defineTool({ ...shown, run: () => ({ length: 1 }) });
  const listed = { name: 'a', title: 'A', description: 'A.', mimeType: 'text/plain' };
  // @ts-expect-error: a resource is a text or bytes
  defineResource({ ...listed, uri: 'test://a', read: () => 7 });
  const template = { ...listed, uriTemplate: 'test://{a}', read: () => '' };
  // @ts-expect-error: a list has addresses and names
  defineResourceTemplate({ ...template, list: () => ['a'] });
  const prompt = { name: 'a', title: 'A', description: 'A.', args: z.object({}) };
  // @ts-expect-error: a prompt is a list of messages
  definePrompt({ ...prompt, messages: () => '' });
  expect(find).toBeDefined();
});

test('a service or a setting that no part has does not compile', () => {
  // @ts-expect-error: there is no such service
  defineTool({ ...tool, run: (_, { cache }) => ({ length: cache.size }) });
  // @ts-expect-error: the settings of a part are its own
  defineTool({ ...tool, run: (_, { config }) => ({ length: config.SHOP_TOKEN.length }) });
  // @ts-expect-error: parts with a role of their own are no services
  defineTool({ ...tool, run: (_, { auth }) => ({ length: Number(auth) }) });
  const elsewhere = defineParts({ shop, cache: { open: () => new Map<string, string>() } });
  const count = elsewhere.defineTool({ ...tool, run: (_, { cache }) => ({ length: cache.size }) });
  // @ts-expect-error: a tool needs a service that this server does not have
  defineServer({ ...about, tools: { count } });
  expect(defineServer({ ...about, parts: elsewhere.parts, tools: { count } })).toBeDefined();
});

test('a helper among the tools, resources or prompts does not compile', () => {
  const helper = (text: string) => text.trim();
  // @ts-expect-error: a function is no tool
  const withHelper = () => defineServer({ ...about, tools: { find, helper } });
  // @ts-expect-error: nor is a constant
  const withConstant = () => defineServer({ ...about, tools: { find, LIMIT: 20 } });
  // @ts-expect-error: a tool is no resource
  const withTool = () => defineServer({ ...about, tools: { find }, resources: { find } });
  // @ts-expect-error: nor a prompt
  const withPrompt = () => defineServer({ ...about, tools: { find }, prompts: { find } });
  expect([withHelper, withConstant, withTool, withPrompt]).toHaveLength(4);
});

test('a part in the place of another kind does not compile', () => {
  expect(
    defineParts({
      auth: [apiKeys(), jwt()],
      limits: rateLimits(),
      policy: policyFile(),
      sessions: memorySessions(),
      state: redis(),
      tracing: openTelemetry(),
    }),
  ).toBeDefined();
  defineParts({ auth: anonymous() });
  // @ts-expect-error: a store does not authenticate
  defineParts({ auth: sqlite({ file: 'data/test.db' }) });
  // @ts-expect-error: nor does one of a list
  defineParts({ auth: [apiKeys(), sqlite({ file: 'data/test.db' })] });
  // @ts-expect-error: a policy is no limit
  defineParts({ limits: policyFile() });
  // @ts-expect-error: limits are no policy
  defineParts({ policy: rateLimits() });
  // @ts-expect-error: keys are no sessions
  defineParts({ sessions: apiKeys() });
  // @ts-expect-error: sessions do not authenticate
  defineParts({ auth: memorySessions() });
  // @ts-expect-error: a store is no state
  defineParts({ state: sqlite({ file: 'data/test.db' }) });
  // @ts-expect-error: limits do not trace
  defineParts({ tracing: rateLimits() });
  // @ts-expect-error: a service is opened
  defineParts({ store: { query: () => [] } });
});

test('routes, checks and background work have what is there outside of calls', () => {
  defineServer({
    ...about,
    tools: { find },
    routes: [
      {
        method: 'GET',
        path: '/length',
        isProtected: true,
        handle(_, ctx) {
          expectTypeOf(ctx.shop.find).toEqualTypeOf<(name: string) => number>();
          expectTypeOf(ctx.principal).toEqualTypeOf<Principal>();
          expectTypeOf(ctx.config.SHOP_PAGES).toEqualTypeOf<number>();
          // @ts-expect-error: no call is under way
          void ctx.elicit;
          return json(200, {});
        },
      },
    ],
    checks: {
      async store(ctx) {
        expectTypeOf(ctx.store).toEqualTypeOf<Store>();
        // @ts-expect-error: there is no such service
        void ctx.cache;
      },
    },
    background: {
      async sweep(ctx) {
        expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
        // @ts-expect-error: nobody calls
        void ctx.principal;
      },
    },
  });
  const route = { method: 'GET', path: '/a', handle: () => json(200, {}) } as const;
  const serve = (...routes: Route<typeof parts>[]) =>
    defineServer({ ...about, tools: { find }, routes });
  expect(serve({ ...route, isProtected: false }).routes).toHaveLength(1);
  // @ts-expect-error: a route answers
  serve({ ...route, isProtected: false, handle: () => 'text' });
  // @ts-expect-error: whether a route is protected has to be said
  serve(route);
});
