import { describe, expect, test } from 'vitest';
import { apiToken, apiUrl } from '../../src/outbound/addresses.js';
import { retryAfterMs, usedUpMs } from '../../src/outbound/rate-limits.js';

describe('the address of an API', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://git.example.com/api/v3/', 'https://git.example.com/api/v3'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost/', 'http://localhost'],
    ['http://[::1]:80', 'http://[::1]:80'],
  ])('can be %s', (text, read) => {
    expect(apiUrl().parse(text)).toBe(read);
  });

  test.each([
    'api.example.com',
    'ftp://api.example.com',
    'http://api.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'https://user:hunter2@api.example.com',
    'https://api.example.com?key=hunter2',
    'https://api.example.com#hunter2',
  ])('cannot be %s, and the message does not show it', (text) => {
    const { error } = apiUrl().safeParse(text);
    expect(error?.issues[0]?.message).toMatch(/^must /);
    expect(error?.message).not.toContain('hunter2');
  });

  test('can be HTTP where the owner says so', () => {
    expect(apiUrl({ anyHttp: true }).parse('http://shop.svc')).toBe('http://shop.svc');
  });

  test('a token has no blanks', () => {
    expect(apiToken.safeParse('ghp_x').success).toBe(true);
    expect(apiToken.safeParse('Bearer ghp_x').success).toBe(false);
  });
});

describe('when a server takes requests again', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const at = (seconds: number) => new Date(NOW + seconds * 1_000).toUTCString();

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': at(7) }, 7_000],
    [{ 'retry-after': at(-7) }, 0],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, 0],
    [{}, undefined],
  ])('%j', (headers, ms) => {
    const found = retryAfterMs(new Headers(headers), NOW);
    if (headers['retry-after'] === '-1') expect([0, undefined]).toContain(found);
    else expect(found).toBe(ms);
  });

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 9) }, 9_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' }, 9_000],
    [{ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '9' }, undefined],
    [{ 'x-ratelimit-remaining': '0' }, undefined],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '9' }, 9_000],
    [{ ratelimit: 'limit=100, remaining=0, reset=9' }, 9_000],
    [{ ratelimit: '"default";r=0;t=9' }, 9_000],
    [{ ratelimit: '"default";r=50;t=9' }, undefined],
    [{ 'x-ratelimit-remaining': 'none', 'x-ratelimit-reset': 'x' }, undefined],
  ])('%j', (headers, ms) => {
    expect(usedUpMs(new Headers(headers), NOW)).toBe(ms);
  });
});
