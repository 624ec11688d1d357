import * as z from 'zod/v4';
import { defineTool } from '../fixtures/notes/src/parts.js';

export const look = tool('look', true);
export const change = tool('change', false);

/** A tool that needs the scope `test:<name>`. */
function tool(name: string, readOnlyHint: boolean) {
  return defineTool({
    name,
    title: name,
    description: name,
    input: z.object({}),
    output: z.object({}),
    annotations: {
      readOnlyHint,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    scopes: [`test:${name}`],
    run: () => ({}),
  });
}
