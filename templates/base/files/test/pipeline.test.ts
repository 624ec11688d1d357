import type { ServerContext } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import * as z from 'zod/v4';
import type { App } from '../src/app.js';
import { InputRequired } from '../src/pipeline/ask.js';
import type { CallRequest } from '../src/pipeline/call-request.js';
import type { CallContext } from '../src/pipeline/context.js';
import { ToolError } from '../src/pipeline/errors.js';
import { type Call, runCall } from '../src/pipeline/run-call.js';
import { createTestApp } from './support/app.js';
import { owner } from './support/client.js';

const call: Call = { kind: 'tool', name: 'probe' };

/** Runs `work` as the body of a tool. */
async function run<T>(
  work: (ctx: CallContext) => T | Promise<T>,
  { call: changes, principal = owner, request, app }: RunOptions = {},
): Promise<T> {
  const { signal } = new AbortController();
  const mcpReq = { id: 1, signal, requestState: () => undefined, ...request };
  const sent = { mcpReq } as unknown as CallRequest;
  const services = app ?? (await createTestApp());
  return await runCall({ ...call, ...changes }, services, principal, sent, work);
}

interface RunOptions {
  call?: Partial<Call>;
  principal?: typeof owner;
  request?: Record<string, unknown>;
  app?: App;
}

test('an unexpected error tells the caller nothing but where to find it', async () => {
  const failing = run(() => {
    throw new Error('connect ECONNREFUSED postgres://user:hunter2@db');
  });
  await expect(failing).rejects.toThrow(
    expect.objectContaining({ code: 'INTERNAL', message: 'Internal error. Reference: 1.' }),
  );
});

test('a ToolError reaches the caller as it is', async () => {
  const error = new ToolError('NOT_FOUND', 'No such thing.');
  await expect(run(() => Promise.reject(error))).rejects.toBe(error);
});

test('a call without the scope does not run', async () => {
  const principal = { id: 'reader', scopes: ['read'] };
  const options = { call: { scopes: ['read', 'write'] }, principal };
  await expect(run(() => 'ran', options)).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: 'probe needs the scope write.',
  });
});

test('a call that takes too long ends, and its signal says so', async () => {
  let signal: AbortSignal | undefined;
  const endless = run(
    (ctx) => {
      signal = ctx.signal;
      return new Promise(() => {});
    },
    { call: { timeoutMs: 20 } },
  );
  await expect(endless).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true });
  expect(signal?.aborted).toBe(true);
});

test('a cancelled call ends', async () => {
  const request = { signal: AbortSignal.abort() };
  const cancelled = run(() => new Promise(() => {}), { request });
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a service that cannot be reached is named as such, without its address', async () => {
  const failing = run(() => fetch('http://secret.invalid'));
  await expect(failing).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    retryable: true,
    message: expect.not.stringContaining('secret'),
  });
});

test('elicit asks first, then returns the answer', async () => {
  const form = z.object({ sure: z.boolean() });
  const ask = (ctx: CallContext) => ctx.elicit('Are you sure?', form);
  await expect(run(ask)).rejects.toBeInstanceOf(InputRequired);

  const accept = { action: 'accept', content: { sure: true } };
  const answered = run(ask, { request: { inputResponses: { form: accept } } });
  expect(await answered).toEqual({ sure: true });

  const twice = (ctx: CallContext) => [ask(ctx), ask(ctx)];
  const secondForm = run(twice, { request: { inputResponses: { form: accept } } });
  await expect(secondForm).rejects.toMatchObject({
    result: { inputRequests: { form2: expect.anything() } },
  });

  const declined = run(ask, { request: { inputResponses: { form: { action: 'decline' } } } });
  expect(await declined).toBeUndefined();
});

test('several questions are asked at once, and answers of earlier rounds are kept', async () => {
  const name = { elicit: 'Your name?', form: z.object({ name: z.string() }) };
  const colour = { elicit: 'Your colour?', form: z.object({ colour: z.string() }) };
  const work = (ctx: CallContext) => {
    const first = ctx.ask({ name, roots: { roots: true } });
    const second = ctx.ask({ colour });
    return `${first.name?.name} ${first.roots.length} ${second.colour?.colour}`;
  };
  const app = await createTestApp();
  const round = async (inputResponses: object, requestState?: string) => {
    const state = requestState && (await app.rounds.verify(requestState, {} as ServerContext));
    const request = { inputResponses, requestState: () => state };
    return await run(work, { app, request }).catch((error: unknown) => {
      if (!(error instanceof InputRequired)) throw error;
      return error.result;
    });
  };
  const first = await round({ name: { action: 'accept', content: { name: 7 } } });
  expect(first).toMatchObject({ inputRequests: { name: {}, roots: { method: 'roots/list' } } });
  const answers = {
    name: { action: 'accept', content: { name: 'Ada' } },
    roots: { roots: [{ uri: 'file:///a' }] },
  };
  const second = await round(answers, stateOf(first));
  expect(second).toMatchObject({ inputRequests: { colour: {} } });
  const last = { colour: { action: 'accept', content: { colour: 'blue' } } };
  expect(await round(last, stateOf(second))).toBe('Ada 1 blue');
  // Somebody else's answers are none.
  const state = await app.rounds.sign({ id: '1', call: 'other', answers });
  expect(await round(last, state)).toMatchObject({ inputRequests: { name: {} } });
});

function stateOf(result: unknown): string {
  return (result as { requestState?: string }).requestState ?? '';
}

test.each([
  [{}, []],
  [{ elicitation: {} }, ['elicitation']],
  [{ elicitation: { url: {} } }, []],
  [{ elicitation: { form: {} }, sampling: {}, roots: {} }, ['elicitation', 'sampling', 'roots']],
])('a client that declares %o can be asked for %o', async (declared, expected) => {
  const envelope = { 'io.modelcontextprotocol/clientCapabilities': declared };
  const kinds = ['elicitation', 'sampling', 'roots'] as const;
  const can = await run((ctx) => kinds.filter((kind) => ctx.canAsk(kind)), {
    request: { envelope },
  });
  expect(can).toEqual(expected);
});

test('notify goes to the log of the client', async () => {
  const lines: unknown[] = [];
  const log = async (...line: unknown[]) => void lines.push(line);
  await run((ctx) => ctx.notify('warning', 'careful'), { request: { log } });
  expect(lines).toEqual([['warning', 'careful', 'probe']]);
});
