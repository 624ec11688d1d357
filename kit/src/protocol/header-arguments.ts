import * as z from 'zod/v4';
import type { Tool } from '../definitions/tool.js';

const known = new WeakMap<Tool, boolean>();

/**
 * Whether a tool has arguments that clients repeat in headers (`x-mcp-header` in its schema), which have to be compared.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
export function hasHeaderArguments(tool: Tool): boolean {
  let has = known.get(tool);
  if (has === undefined) {
    const schema = z.toJSONSchema(tool.input, { io: 'input', unrepresentable: 'any' });
    has = JSON.stringify(schema).includes('"x-mcp-header"');
    known.set(tool, has);
  }
  return has;
}
