import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createTokenAuthenticator, tokenSettings } from '../../src/auth/tokens.js';
import { nodeHost } from '../../src/host/node/host.js';
import { owner } from '../../src/testing/client.js';
import { log, readSettings } from '../support/app.js';
import { newMetrics } from '../support/metrics.js';

test('the metrics say how many tokens are remembered, and how many had to be verified', async () => {
  const secret = new Uint8Array(32).fill(7);
  const { registry: metrics } = newMetrics();
  const app = {
    config: readSettings({ settings: tokenSettings }, {}),
    host: nodeHost,
    log,
    metrics,
  };
  const authenticate = createTokenAuthenticator(app, {
    getKey: () => secret,
    expected: { algorithms: ['HS256'], issuer: 'us' },
    toPrincipal: () => owner,
  });
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('us')
    .setSubject('alice')
    .setExpirationTime('1h')
    .sign(secret);
  for (let request = 0; request < 3; request += 1) {
    const caller = await authenticate(new Headers({ authorization: `Bearer ${token}` }));
    expect(caller).toEqual({ principal: owner });
  }
  const text = metrics.text();
  expect(text).toContain('mcp_token_cache_entries 1\n');
  expect(text).toContain('mcp_token_cache_total{result="miss"} 1\n');
  expect(text).toContain('mcp_token_cache_total{result="hit"} 2\n');
});
