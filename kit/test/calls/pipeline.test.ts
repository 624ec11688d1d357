import type { ServerContext } from '@modelcontextprotocol/server';
import { expect, test, vi } from 'vitest';
import * as z from 'zod/v4';
import type { Call, CallRequest } from '../../src/calls/call.js';
import { InputRequired } from '../../src/calls/client-state.js';
import { runCall } from '../../src/calls/run-call.js';
import { type CallContext, ToolError } from '../../src/definitions/definitions.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp, type TestApp } from '../support/app.js';

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
  app?: TestApp;
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

test('a call that ignores its signal counts as overdue until its work has ended', async () => {
  const app = await createTestApp();
  let end: (value: string) => void = () => {};
  const work = () =>
    new Promise<string>((resolve) => {
      end = resolve;
    });
  const late = run(work, { call: { timeoutMs: 10 }, app });
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(app.overdue.count).toBe(1);
  end('done');
  await expect.poll(() => app.overdue.count).toBe(0);
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

test('the end of the process ends calls that run, and those that come', async () => {
  const app = await createTestApp();
  const recorded: string[] = [];
  vi.spyOn(app.audit, 'ended').mockImplementation(({ outcome }) => void recorded.push(outcome));
  let signal: AbortSignal | undefined;
  const running = run(
    (ctx) => {
      signal = ctx.signal;
      return new Promise(() => {});
    },
    { app },
  );
  await run(() => 'done', { app });
  app.running.abort();
  const aborted = { code: 'ABORTED', retryable: true, retryAfter: 1 };
  await expect(running).rejects.toMatchObject(aborted);
  expect(signal?.reason).toMatchObject(aborted);
  await expect(run(() => 'ran', { app })).rejects.toMatchObject(aborted);
  await app.running.none();
  expect(recorded).toEqual(['ok', 'ABORTED', 'ABORTED']);
});

test('a service that cannot be reached is named as such, without its address', async () => {
  const failing = run(() => fetch('http://secret.invalid'));
  await expect(failing).rejects.toMatchObject({
    code: 'UPSTREAM_UNAVAILABLE',
    retryable: true,
    message: expect.not.stringContaining('secret'),
  });
});

/** Runs `work` round by round, as a client does that sends its state back. */
async function startRounds<T>(work: (ctx: CallContext) => T) {
  const app = await createTestApp();
  return async (inputResponses: object, asked?: unknown, changes: Partial<Call> = {}) => {
    const { requestState } = (asked ?? {}) as { requestState?: string };
    const state = requestState && (await app.callStates.verify(requestState, {} as ServerContext));
    const request = { inputResponses, requestState: () => state };
    return await run(work, { app, request, call: changes }).catch((error: unknown) => {
      if (!(error instanceof InputRequired)) throw error;
      return error.result;
    });
  };
}

const accept = (content: object) => ({ action: 'accept', content });
const sure = { form: accept({ sure: true }) };
const isSure = (ctx: CallContext) =>
  ctx.elicit('Are you sure?', z.object({ sure: z.boolean() })) ?? 'declined';

test('elicit asks first, then returns the answer', async () => {
  const round = await startRounds(isSure);
  const asked = await round({});
  expect(asked).toMatchObject({ inputRequests: { form: {} } });
  expect(await round(sure, asked)).toEqual({ sure: true });
  expect(await round({ form: { action: 'decline' } }, asked)).toBe('declined');

  const again = await startRounds((ctx) => [isSure(ctx), isSure(ctx)]);
  const second = await again(sure, await again({}));
  expect(second).toMatchObject({ inputRequests: { form2: expect.anything() } });
});

test('an answer counts for the call that asked, with the same arguments, and no other', async () => {
  const round = await startRounds(isSure);
  const again = { inputRequests: { form: {} } };
  expect(await round(sure)).toMatchObject(again);
  const input = { disks: new Set(['a']), note: 'b' };
  const asked = await round({}, undefined, { input });
  for (const changed of [{ ...input, note: 'c' }, { ...input, disks: new Set(['c']) }, undefined]) {
    expect(await round(sure, asked, { input: changed })).toMatchObject(again);
  }
  expect(await round(sure, asked, { input, uri: 'test://other' })).toMatchObject(again);
  expect(await round(sure, asked, { input, name: 'other' })).toMatchObject(again);
  expect(await round(sure, asked, { input: { note: 'b', disks: new Set(['a']) } })).toEqual({
    sure: true,
  });
});

test('an answer to a question that was not asked yet does not count', async () => {
  const round = await startRounds((ctx) => [isSure(ctx), isSure(ctx)]);
  const early = { ...sure, form2: accept({ sure: true }) };
  const second = await round(early, await round({}));
  expect(second).toMatchObject({ inputRequests: { form2: expect.anything() } });
  expect(await round(early, second)).toHaveLength(2);
});

test('several questions are asked at once, and answers of earlier rounds are kept', async () => {
  const name = { elicit: 'Your name?', form: z.object({ name: z.string() }) };
  const colour = { elicit: 'Your colour?', form: z.object({ colour: z.string() }) };
  const work = (ctx: CallContext) => {
    const first = ctx.ask({ name, roots: { roots: true } });
    const second = ctx.ask({ colour });
    return `${first.name?.name} ${first.roots.length} ${second.colour?.colour}`;
  };
  const round = await startRounds(work);
  const first = await round({ name: accept({ name: 7 }) }, await round({}));
  expect(first).toMatchObject({ inputRequests: { name: {}, roots: { method: 'roots/list' } } });
  const roots = [{ uri: 'file:///a' }];
  const second = await round({ name: accept({ name: 'Ada' }), roots: { roots } }, first);
  expect(second).toMatchObject({ inputRequests: { colour: {} } });
  expect(await round({ colour: accept({ colour: 'blue' }) }, second)).toBe('Ada 1 blue');
});

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
