import { describe, expect, test, vi } from 'vitest';
import { fromWebRequest, toWebResponse } from '../../src/http/exchange.js';
import { createProtocol } from '../../src/http/protocol.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';

vi.mock('../../src/http/sdk.js', () => ({
  openSdkHandler: () => {
    throw new Error('the MCP SDK is loaded');
  },
}));

const clientInfo = { name: 'test', version: '1.0.0' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};
const introduction = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };

const BOTH: readonly (readonly [method: string, params: object])[] = [
  ['tools/list', {}],
  ['tools/call', { name: 'list_notes', arguments: {} }],
  ['resources/list', {}],
  ['resources/templates/list', {}],
  ['resources/read', { uri: 'notes://recent' }],
  ['resources/read', { uri: 'note:///nothing' }],
  ['prompts/list', {}],
  ['prompts/get', { name: 'summarise_notes' }],
];
const REQUESTS: readonly (readonly [era: string, method: string, params: object])[] = [
  ...BOTH.flatMap(([method, params]) => [
    ['2025-11-25', method, params] as const,
    ['2026-07-28', method, params] as const,
  ]),
  ['2025-11-25', 'initialize', introduction],
  ['2025-11-25', 'ping', {}],
  ['2025-11-25', 'logging/setLevel', { level: 'debug' }],
  ['2026-07-28', 'server/discover', {}],
];

async function send(version: string, message: Readonly<Record<string, unknown>>) {
  const isModern = version === '2026-07-28';
  const { method, params = {} } = message as { method: string; params?: Record<string, unknown> };
  const name = params.name ?? params.uri;
  const request = new Request('http://localhost/mcp', {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': version,
      ...(isModern && { 'mcp-method': method }),
      ...(isModern && typeof name === 'string' && { 'mcp-name': name }),
    },
  });
  const body = isModern ? { ...message, params: { ...params, _meta: META } } : message;
  const protocol = createProtocol(await createTestApp());
  return toWebResponse(await protocol.answer(fromWebRequest(request), body, owner));
}

describe('without the MCP SDK', () => {
  test.each(REQUESTS)('%s: %s %j is answered', async (version, method, params) => {
    const answer = await send(version, { jsonrpc: '2.0', id: 7, method, params });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('"id":7');
  });

  test('a client of 2025 tells that it is ready', async () => {
    const answer = await send('2025-11-25', {
      jsonrpc: '2.0',
      method: 'notifications/initialized',
    });
    expect(answer.status).toBe(202);
    expect(await answer.text()).toBe('');
  });

  test('these tests find what needs it', async () => {
    const params = { uri: 'notes://recent' };
    const message = { jsonrpc: '2.0', id: 7, method: 'resources/subscribe', params };
    await expect(send('2025-11-25', message)).rejects.toThrow('the MCP SDK is loaded');
  });
});
