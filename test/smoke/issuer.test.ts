import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { startSmokeIssuer } from '../../src/smoke/issuer.js';

const METADATA = '/.well-known/oauth-protected-resource/mcp';
const signal = new AbortController().signal;

async function start() {
  const issuer = await startSmokeIssuer({
    from: 'issuer',
    env: { OAUTH_ISSUER: '{issuer}', OTHER: 'as it is' },
    metadata: METADATA,
    type: 'at+jwt',
  });
  onTestFinished(() => issuer.close());
  return { issuer, url: issuer.env['OAUTH_ISSUER'] ?? '' };
}

/** A server that publishes this at the path for its metadata. */
async function serverWith(metadata: string, status = 200): Promise<URL> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === METADATA ? status : 404).end(metadata);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test('issues a token for what the server says it is, with all its scopes', async () => {
  const { issuer, url } = await start();
  expect(issuer.env).toEqual({ OAUTH_ISSUER: url, OTHER: 'as it is' });
  const resource = 'http://127.0.0.1:3000/mcp';
  const scopes_supported = ['notes:read', 'notes:write'];
  const metadata = { resource, authorization_servers: [url], scopes_supported };
  const token = await issuer.signIn(await serverWith(JSON.stringify(metadata)), signal);

  const discovered = await fetch(`${url}/.well-known/oauth-authorization-server`);
  const { jwks_uri } = (await discovered.json()) as { jwks_uri: string };
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), {
    issuer: url,
    audience: resource,
    typ: 'at+jwt',
    requiredClaims: ['sub', 'exp'],
  });
  expect(payload['scope']).toBe('notes:read notes:write');
});

test.each([
  ['nothing', '', 404, 'was answered with 404'],
  ['no JSON', '<html>', 200, 'was answered with 200 <html>'],
  ['no resource', '{"authorization_servers":[]}', 200, 'does not name'],
  [
    'another issuer',
    '{"resource":"x","authorization_servers":["https://login.example.com"]}',
    200,
    'does not name the resource and its issuer',
  ],
])('gives no token to a server that publishes %s', async (_, metadata, status, message) => {
  const { issuer } = await start();
  const origin = await serverWith(metadata, status);
  await expect(issuer.signIn(origin, signal)).rejects.toThrow(message);
});
