import { expect, test } from 'vitest';
import { fromWebRequest, toWebResponse } from '../../src/http/exchange.js';
import { createProtocol } from '../../src/http/protocol.js';
import { createTestApp } from '../support/app.js';
import { newPolicyFile } from '../support/policy.js';

const POLICY = `roles:
  all: { allowed_tools: ["*"], allowed_prompts: ["*"], allowed_resources: ["*"] }
  careful: { allowed_tools: ["*"], require_approval: ["*"] }
`;

const newServer = async () => {
  const app = await createTestApp({ POLICY_PATH: newPolicyFile(POLICY) });
  const protocol = createProtocol(app);
  const ask = async (role: string, method: string, params = {}) => {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    };
    const request = new Request('http://localhost/mcp', { method: 'POST', headers });
    const principal = { id: role, scopes: ['*'], roles: [role] };
    const body = { jsonrpc: '2.0', id: 1, method, params };
    const answer = await protocol.answer(fromWebRequest(request), body, principal);
    return await toWebResponse(answer).text();
  };
  return { definitions: app.definitions, ask };
};

test('callers of one server list and call what is there for them, whoever asks first', async () => {
  const { definitions, ask } = await newServer();
  const { tools } = definitions;
  for (const name of tools.keys()) {
    expect(await ask('all', 'tools/list')).toContain(`"${name}"`);
    expect(await ask('nobody', 'tools/list')).not.toContain(`"${name}"`);
    expect(await ask('nobody', 'tools/call', { name })).toContain('"code":-32');
    expect(await ask('all', 'tools/call', { name })).not.toContain('APPROVAL');
    const valid = tools.get(name)?.input.safeParse({}).success;
    if (valid) expect(await ask('careful', 'tools/call', { name })).toContain('APPROVAL');
  }
});

test('a prompt or a resource that is not there for its caller is unknown to it', async () => {
  const { definitions, ask } = await newServer();
  for (const { name } of definitions.prompts) {
    expect(await ask('all', 'prompts/list')).toContain(`"${name}"`);
    expect(await ask('nobody', 'prompts/list')).not.toContain(`"${name}"`);
    const unknown = await ask('nobody', 'prompts/get', { name: 'unknown' });
    const hidden = await ask('nobody', 'prompts/get', { name });
    expect(hidden.replaceAll(name, 'unknown')).toBe(unknown);
  }
  for (const resource of definitions.resources) {
    const isFixed = 'uri' in resource;
    const method = isFixed ? 'resources/list' : 'resources/templates/list';
    const shown = `"name":"${resource.name}"`;
    expect(await ask('all', method)).toContain(shown);
    expect(await ask('nobody', method)).not.toContain(shown);
    if (!isFixed) continue;
    const { uri } = resource;
    const unknown = await ask('nobody', 'resources/read', { uri: 'test://unknown' });
    expect((await ask('nobody', 'resources/read', { uri })).replaceAll(uri, 'test://unknown')).toBe(
      unknown,
    );
    expect(await ask('all', 'resources/read', { uri })).toContain('"contents"');
  }
});
