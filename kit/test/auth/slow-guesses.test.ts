import { expect, test } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import type { AuthResult } from '../../src/http/app.js';
import { throttleCredentials } from '../../src/http/callers.js';
import { refuse } from '../../src/http/exchange.js';
import { rateLimits } from '../../src/limits/call-limits.js';
import type { RequestHeaders } from '../../src/parts.js';
import { owner } from '../../src/testing/client.js';
import { readSettings } from '../support/app.js';

test('an address that guesses has to wait; credentials that were right before do not', async () => {
  const config = readSettings(rateLimits(), { RATE_LIMIT_PER_MINUTE: '3' });
  const look = async (headers: RequestHeaders): Promise<AuthResult> => {
    const key = headers.get('x-own-key');
    return key === 'right' || key === 'new' ? { principal: owner } : { refusal: refuse(401, 'no') };
  };
  const authenticate = throttleCredentials(look, ['authorization', 'x-own-key'], config, nodeHost);
  const send = async (key: string | undefined, address = '203.0.113.7') => {
    const caller = await authenticate(new Headers(key ? { 'x-own-key': key } : {}), address);
    return 'refusal' in caller ? caller.refusal : 'let in';
  };

  expect(await send('right')).toBe('let in');
  for (const guess of ['a', 'b']) expect(await send(guess)).toMatchObject({ status: 401 });
  const refused = await send('new');
  expect(refused).toMatchObject({ status: 429 });
  expect(refused).toMatchObject({ headers: { 'retry-after': '20' } });
  expect(await send('right')).toBe('let in');
  expect(await send(undefined)).toMatchObject({ status: 401 });
  expect(await send('new', '203.0.113.8')).toBe('let in');
});
