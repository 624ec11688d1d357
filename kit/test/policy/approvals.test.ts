import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/server';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { CallRequest } from '../../src/calls/call.js';
import { type CallState, InputNeeded, STATE_TTL_SECONDS } from '../../src/calls/client-state.js';
import { nodeHost } from '../../src/host/node/host.js';
import { SignedApprovals } from '../../src/policy/approvals.js';
import { MemoryNonceStore } from '../../src/state/memory.js';

const YES = { approval: { action: 'accept', content: { approve: true } } };
const server = new McpServer({ name: 'test', version: '1.0.0' });
let approvals: SignedApprovals;
beforeEach(() => {
  approvals = new SignedApprovals(new MemoryNonceStore(), nodeHost);
});

interface Changes {
  tool?: string;
  args?: unknown;
  id?: string;
  inputResponses?: unknown;
  requestState?: CallState | undefined;
  elicitation?: object | undefined;
  work?: () => string;
}

/** Makes a call; what comes back is its result, or the state of the question. */
async function call(changes: Changes = {}): Promise<string | { asked: CallState }> {
  const { tool = 'wipe', args = { disk: 1 }, id = 'alice', inputResponses, requestState } = changes;
  const { work = () => 'ran' } = changes;
  const elicitation = 'elicitation' in changes ? changes.elicitation : {};
  const capabilities = { 'io.modelcontextprotocol/clientCapabilities': { elicitation } };
  const mcpReq = { inputResponses, requestState: () => requestState, envelope: capabilities };
  const request = { mcpReq, server } as unknown as CallRequest;
  const asked = { tool, args, principal: { id, scopes: [] }, request };
  return await approvals.run(asked, work).catch((error: unknown) => {
    if (!(error instanceof InputNeeded)) throw error;
    return { asked: { id: randomUUID(), call: 'signed elsewhere', ...error.kept } };
  });
}

async function ask(changes: Changes = {}): Promise<CallState> {
  const answer = await call(changes);
  if (typeof answer === 'string') throw new Error('was not asked');
  return answer.asked;
}

test('a call runs once its question was answered with yes, and only once', async () => {
  const requestState = await ask();
  expect(await call({ requestState, inputResponses: YES })).toBe('ran');
  await ask({ requestState, inputResponses: YES });
});

test('after a restart a yes does not count, whether it was used or not', async () => {
  const requestState = await ask();
  expect(await call({ requestState, inputResponses: YES })).toBe('ran');
  approvals = new SignedApprovals(new MemoryNonceStore(), nodeHost);
  await ask({ requestState, inputResponses: YES });
});

test('an id is remembered for as long as it may come back, by a clock that is never set back', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const ids = new MemoryNonceStore();
  const first = ids.setForNew(STATE_TTL_SECONDS);
  vi.advanceTimersByTime((STATE_TTL_SECONDS - 1) * 1_000);
  expect(ids.setForNew(STATE_TTL_SECONDS)).toBe(first);
  vi.advanceTimersByTime((STATE_TTL_SECONDS - 1) * 1_000);
  expect(ids.setForNew(STATE_TTL_SECONDS)).not.toBe(first);
  expect(ids.claim('a', first)).toBe('first');
  expect(ids.claim('a', first)).toBe('again');
  vi.advanceTimersByTime(2_000);
  expect(ids.claim('a', first)).toBe('unknown');
  expect(ids.claim('b', first)).toBe('unknown');
});

test.each([
  ['no question', { requestState: undefined }],
  ['a state without a question', { requestState: { id: '1', call: '', answers: {}, asked: [] } }],
  ['another tool', { tool: 'other' }],
  ['other arguments', { args: { disk: 2 } }],
  ['another caller', { id: 'bob' }],
])('yes does not count for %s', async (_, changes) => {
  await ask({ requestState: await ask(), inputResponses: YES, ...changes });
});

test.each([
  ['declined', { action: 'decline' }],
  ['cancelled', { action: 'cancel' }],
  ['not ticked', { action: 'accept', content: { approve: false } }],
])('a call that was %s does not run', async (_, approval) => {
  const requestState = await ask();
  const answered = call({ requestState, inputResponses: { approval } });
  await expect(answered).rejects.toMatchObject({ code: 'NOT_APPROVED' });
});

test('a client that cannot ask is refused', async () => {
  const refused = { code: 'APPROVAL_IMPOSSIBLE' };
  await expect(call({ elicitation: undefined })).rejects.toMatchObject(refused);
  await expect(call({ elicitation: { url: {} } })).rejects.toMatchObject(refused);
});

test('a tool can ask for more after it was approved', async () => {
  const requestState = await ask();
  const work = () => {
    throw new InputNeeded({}, { answers: {} });
  };
  const next = await ask({ requestState, inputResponses: YES, work });
  expect(await call({ requestState: next, inputResponses: { form: {} } })).toBe('ran');
});
