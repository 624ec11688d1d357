import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('get_time tells the time in a zone', async () => {
  const result = await callTool(await createTestApp(), 'get_time', { zone: 'Asia/Tokyo' });
  expect(result.structuredContent).toMatchObject({
    zone: 'Asia/Tokyo',
    local: expect.stringMatching(/\d{4} at \d{2}:\d{2}:\d{2} (JST|GMT\+9)$/),
  });
});

test('get_time says what to do about an unknown zone', async () => {
  const result = await callTool(await createTestApp(), 'get_time', { zone: 'Mars/Olympus' });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('Europe/Paris');
});

test('get_time names the argument that is wrong', async () => {
  const result = await callTool(await createTestApp(), 'get_time', { zone: 7 });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('zone');
});
