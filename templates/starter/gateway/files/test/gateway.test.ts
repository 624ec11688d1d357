import { describe, expect, test } from 'vitest';
import { connect, eras, textOf } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

// Through the gateway to the real server of src/clock.ts, which gateway.yaml starts.

describe.each(eras)('a client that speaks %s', (era) => {
  test('calls a tool of a server behind the gateway', async () => {
    const client = await connect(await createTestApp(), era);
    const result = await client.callTool({ name: 'clock_now', arguments: { zone: 'Asia/Tokyo' } });
    expect(result).toMatchObject({ structuredContent: { zone: 'Asia/Tokyo' } });
  });

  test('is told what that server says of wrong arguments', async () => {
    const client = await connect(await createTestApp(), era);
    const wrong = await client.callTool({ name: 'clock_now', arguments: { zone: 7 } });
    expect(wrong.isError).toBe(true);
    expect(textOf(wrong)).toContain('zone');
    const unknown = await client.callTool({ name: 'clock_now', arguments: { zone: 'Mars' } });
    expect(unknown).toMatchObject({ isError: true });
  });

  test('reads its resources and gets its prompts', async () => {
    const client = await connect(await createTestApp(), era);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain('clock+zones://all');
    const { contents } = await client.readResource({ uri: 'clock+zones://all' });
    expect(contents[0]).toMatchObject({ text: expect.stringContaining('Europe/Paris') });
    const { messages } = await client.getPrompt({
      name: 'clock_compare',
      arguments: { zones: 'UTC' },
    });
    expect(messages[0]).toMatchObject({ content: { text: expect.stringContaining('UTC') } });
  });
});
