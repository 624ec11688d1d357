import { describe, expect, test } from 'vitest';
import { connect, eras } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

// What must hold for whatever this server offers, in both families of the protocol.

describe.each(eras)('a client that speaks %s', (era) => {
  test('lists tools that every client accepts', async () => {
    const client = await connect(await createTestApp(), era);
    const { tools } = await client.listTools();
    expect(tools).not.toEqual([]);
    for (const tool of tools) {
      expect(tool.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(tool.title, tool.name).toBeTruthy();
      expect(tool.description, tool.name).toBeTruthy();
      expect(tool.inputSchema.type, tool.name).toBe('object');
      expect(Object.keys(tool.inputSchema), tool.name).not.toContain('anyOf');
      expect(JSON.stringify(tool.inputSchema), tool.name).not.toContain('$ref');
      expect(tool.annotations, tool.name).toMatchObject({
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      });
    }
  });

  test.each(['constructor', '__proto__', 'toString'])('finds nothing called %s', async (name) => {
    const client = await connect(await createTestApp(), era);
    await expect(client.callTool({ name, arguments: {} })).rejects.toThrow(name);
    await expect(client.getPrompt({ name })).rejects.toThrow();
    await expect(client.readResource({ uri: name })).rejects.toThrow();
  });

  test('is refused cursors that are not its own', async () => {
    const client = await connect(await createTestApp(), era);
    const listed = client.request({ method: 'resources/list', params: { cursor: 'x' } });
    await expect(listed).rejects.toMatchObject({ code: -32602 });
  });
});
