import { expect, test, vi } from 'vitest';
import type { LineTransport } from '../../src/stdio/line-transport.js';
import { PlainCalls } from '../../src/stdio/plain-calls.js';
import { defineTool } from '../fixtures/notes/src/parts.js';
import { createTestApp } from '../support/app.js';
import { owner } from '../support/client.js';
import { plainEcho } from '../support/plain-tools.js';

const { output: _, ...echo } = plainEcho;
/** Gives what its types do not allow. */
const broken = defineTool({ ...echo, name: 'broken', run: () => ({ length: 1 }) as never });

function callOf(id: number, name: string) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, _meta } };
}

test('a call whose answer cannot be made is answered all the same, and is over', async () => {
  const app = await createTestApp({}, { tools: { plainEcho, broken } });
  const logged = vi.spyOn(app.log, 'error');
  const written: unknown[] = [];
  const transport = {
    isClosed: false,
    write: (message: string) => written.push(JSON.parse(message)),
    send: async () => {},
  } as unknown as LineTransport;
  const calls = new PlainCalls(app, owner);
  calls.listenTo(transport);

  // The SDK answers the first one: then it is known which version the client speaks.
  expect(transport.intercept?.(callOf(1, 'plain_echo'))).toBe(false);
  await transport.send({ jsonrpc: '2.0', id: 1, result: { resultType: 'complete' } });
  expect(transport.intercept?.(callOf(2, 'broken'))).toBe(true);
  expect(transport.intercept?.(callOf(3, 'plain_echo'))).toBe(true);
  await calls.none();

  expect(written).toContainEqual({
    jsonrpc: '2.0',
    id: 2,
    error: { code: -32603, message: 'Internal error' },
  });
  expect(written).toContainEqual(expect.objectContaining({ id: 3, result: expect.anything() }));
  expect(logged).toHaveBeenCalledExactlyOnceWith({ err: expect.any(Error) }, 'a call has failed');
});
