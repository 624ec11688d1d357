import { expect, test } from 'vitest';
import { toResponse, webRequest } from '../../src/http/exchange.js';
import { createProtocol } from '../../src/http/protocol.js';
import { createTestApp } from '../support/app.js';
import { newPolicyFile } from '../support/policy.js';

const POLICY = `roles:
  all: { allowed_tools: ["*"] }
  careful: { allowed_tools: ["*"], require_approval: ["*"] }
`;

test('callers of one server list and call what is there for them, whoever asks first', async () => {
  const path = newPolicyFile(POLICY);
  const app = await createTestApp({ POLICY_PATH: path });
  const { tools } = app.definitions;
  const protocol = createProtocol(app);
  const ask = async (role: string, method: string, params = {}) => {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    };
    const request = new Request('http://localhost/mcp', { method: 'POST', headers });
    const principal = { id: role, scopes: ['*'], roles: [role] };
    const body = { jsonrpc: '2.0', id: 1, method, params };
    const answer = await protocol.answer(webRequest(request), body, principal);
    return await toResponse(answer).text();
  };

  for (const name of tools.keys()) {
    expect(await ask('all', 'tools/list')).toContain(`"${name}"`);
    expect(await ask('nobody', 'tools/list')).not.toContain(`"${name}"`);
    expect(await ask('nobody', 'tools/call', { name })).toContain('"code":-32');
    expect(await ask('all', 'tools/call', { name })).not.toContain('APPROVAL');
    const valid = tools.get(name)?.input.safeParse({}).success;
    if (valid) expect(await ask('careful', 'tools/call', { name })).toContain('APPROVAL');
  }
});
