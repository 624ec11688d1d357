import { expect, test } from 'vitest';
import { callTool, textOf } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test.each(['a\0b', 'a\ud83d'])(
  'a text that would not be kept as it is is refused: %j',
  async (body) => {
    const app = await createTestApp();
    const result = await callTool(app, 'create_note', { title: 'x', body });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/^A text contains .+, which cannot be stored\./);
  },
);
