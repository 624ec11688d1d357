import { describe, expect, test } from 'vitest';
import { connect, eras } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';

describe.each(eras)('%s', (era) => {
  test('lists tools that every client accepts', async () => {
    const client = await connect(await createTestApp(), era);
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(0);
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

  test('lists resources, resource templates and prompts', async () => {
    const client = await connect(await createTestApp(), era);
    expect((await client.listResources()).resources).not.toEqual([]);
    expect((await client.listResourceTemplates()).resourceTemplates).not.toEqual([]);
    expect((await client.listPrompts()).prompts).not.toEqual([]);
  });

  test('refuses cursors and completions of what is not there', async () => {
    const client = await connect(await createTestApp(), era);
    const listed = client.request({ method: 'resources/list', params: { cursor: 'x' } });
    await expect(listed).rejects.toMatchObject({ code: -32602 });
    const completed = client.complete({
      ref: { type: 'ref/prompt', name: 'no_such_prompt' },
      argument: { name: 'x', value: '' },
    });
    await expect(completed).rejects.toMatchObject({ code: -32602 });
  });

  test.each(['no_such_tool', 'constructor', '__proto__'])('refuses the tool %s', async (name) => {
    const client = await connect(await createTestApp(), era);
    await expect(client.callTool({ name, arguments: {} })).rejects.toThrow(name);
  });
});

test('says how long what was read may be kept', async () => {
  const client = await connect(await createTestApp(), '2026-07-28');
  const list = await client.request({ method: 'tools/list', params: {} });
  expect(list).toMatchObject({ ttlMs: 60_000, cacheScope: expect.any(String) });
});
