/** A server as the SDK's documentation makes it, with the tool `echo` and as many others as TOOLS says. */
import { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

const inputSchema = z.object({ text: z.string().max(1_000) });
const outputSchema = z.object({ text: z.string() });
const more = Array.from({ length: Number(process.env.TOOLS ?? 1) - 1 }, (_, n) => `echo_${n}`);

export function recipeServer() {
  const server = new McpServer({ name: 'recipe', version: '1.0.0' });
  for (const name of ['echo', ...more]) {
    const config = { title: name, description: 'Says it again.', inputSchema, outputSchema };
    server.registerTool(name, config, ({ text }) => ({
      content: [{ type: 'text', text: JSON.stringify({ text }) }],
      structuredContent: { text },
    }));
  }
  return server;
}
