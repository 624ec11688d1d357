import type { ServerContext } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import * as z from 'zod/v4';
import type { ToolContext } from '../src/pipeline/context.js';
import { InputNeeded } from '../src/pipeline/elicit.js';
import { ToolError } from '../src/pipeline/errors.js';
import { type Call, runCall } from '../src/pipeline/run-call.js';
import { createTestApp } from './support/app.js';
import { owner } from './support/client.js';

const call: Call = { kind: 'tool', name: 'probe' };

/** Runs `work` as the body of a tool. */
async function run<T>(
  work: (ctx: ToolContext) => T | Promise<T>,
  { call: changes, principal = owner, request }: RunOptions = {},
): Promise<T> {
  const mcpReq = { id: 1, signal: new AbortController().signal, ...request };
  const sdk = { mcpReq } as unknown as ServerContext;
  return await runCall({ ...call, ...changes }, await createTestApp(), principal, sdk, work);
}

interface RunOptions {
  call?: Partial<Call>;
  principal?: typeof owner;
  request?: Record<string, unknown>;
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
  const ask = (ctx: ToolContext) => ctx.elicit('Are you sure?', form);
  await expect(run(ask)).rejects.toBeInstanceOf(InputNeeded);

  const accept = { action: 'accept', content: { sure: true } };
  const answered = run(ask, { request: { inputResponses: { form: accept } } });
  expect(await answered).toEqual({ sure: true });

  const twice = (ctx: ToolContext) => [ask(ctx), ask(ctx)];
  const secondForm = run(twice, { request: { inputResponses: { form: accept } } });
  await expect(secondForm).rejects.toMatchObject({ code: 'INTERNAL' });

  const declined = run(ask, { request: { inputResponses: { form: { action: 'decline' } } } });
  expect(await declined).toBeUndefined();
});
