import { expect, test } from 'vitest';
import * as z from 'zod/v4';
import { defineParts } from '../../src/index.js';

const { definePrompt, defineResource, defineResourceTemplate, defineTool } = defineParts({});

const common = { name: 'orders', title: 'Orders', description: 'All orders.' };

const define: Readonly<Record<string, (scopes: readonly string[]) => unknown>> = {
  tool: (scopes) =>
    defineTool({
      ...common,
      input: z.object({}),
      annotations: {
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
      scopes,
      run: () => [],
    }),
  prompt: (scopes) => definePrompt({ ...common, args: z.object({}), scopes, messages: () => [] }),
  resource: (scopes) =>
    defineResource({
      ...common,
      uri: 'orders://all',
      mimeType: 'text/plain',
      scopes,
      read: () => '',
    }),
  template: (scopes) =>
    defineResourceTemplate({
      ...common,
      uriTemplate: 'orders://{id}',
      mimeType: 'text/plain',
      scopes,
      read: () => '',
    }),
};

test.each(Object.entries(define))('a scope that no token can carry is refused: %s', (_, make) => {
  for (const scope of ['', 'orders read', 'a"b', 'a\\b', 'bücher', 'a\nb']) {
    expect(() => make(['orders:read', scope]), scope).toThrow('is not a scope');
  }
  expect(make(['orders:read', 'https://mcp.example.com/orders!~'])).toMatchObject(common);
});
