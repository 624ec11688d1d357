/** No authentication: only this machine gets in, and web pages do not, although their browser is on it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf, modern, send } from '../support/hostile-project.js';
import {
  builtProject,
  type RunningHttp,
  startHttp,
  startProcess,
  stop,
} from '../support/server.js';

let project: string;
let server: RunningHttp;
beforeAll(async () => {
  const choices = { auth: 'none', transport: ['http'], starter: 'minimal', datastore: 'none' };
  project = await builtProject(choices);
  server = await startHttp(project);
});
afterAll(() => stop(server));

describe('does not start on', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.0.0.1.example.com', '0'])(
    '%s',
    async (HOST) => {
      const started = startProcess(project, 'http.js', { HOST, PORT: '0' });
      expect(await started.ended).toBe(1);
      expect(started.stderr()).toContain('ALLOW_UNAUTHENTICATED=true');
    },
  );

  it.each(['yes', '1', 'TRUE'])('all addresses when ALLOW_UNAUTHENTICATED is %s', async (value) => {
    const env = { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: value, PORT: '0' };
    const started = startProcess(project, 'http.js', env);
    expect(await started.ended).toBe(1);
    expect(started.stderr()).toContain('ALLOW_UNAUTHENTICATED');
  });
});

it('serves all addresses when that is wanted', async () => {
  const env = { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' };
  const open = await startHttp(project, env);
  expect((await send(open.port)).status).toBe(200);
  expect((await send(open.port, { headers: { host: 'evil.example' } })).status).toBe(403);
  expect(await stop(open)).toBe(0);
});

it('serves this machine, but no web page and no other name', async () => {
  const call = modern('tools/call', { name: 'get_time', arguments: { zone: 'UTC' } });
  expect(messageOf(await send(server.port, call)).result?.structuredContent).toBeDefined();
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { host: 'rebound.evil.example' },
  ]) {
    const { body } = call;
    const response = await send(server.port, { headers: { ...call.headers, ...headers }, body });
    expect(response.status).toBe(403);
  }
});
