import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import type { Services } from '../app.js';
import { InputNeeded } from '../pipeline/elicit.js';
import { ToolError } from '../pipeline/errors.js';
import type { Principal } from '../pipeline/principal.js';
import { RateLimiter } from '../pipeline/rate-limit.js';
import { type Call, runCall } from '../pipeline/run-call.js';
import type { Tool } from './define-tool.js';
import * as barrel from './index.js';

const tools = (Object.values(barrel) as readonly Tool[]).map((tool) => ({
  tool,
  call: toCall(tool),
}));

/** Registers every tool of `index.ts`; their calls go through the pipeline. */
export function registerTools(server: McpServer, services: Services, principal: Principal): void {
  for (const { tool, call } of tools) {
    const { name, title, description, input, output, annotations } = tool;
    const config = { title, description, inputSchema: input, outputSchema: output, annotations };
    server.registerTool(name, config, async (args, sdk) => {
      try {
        const result = await runCall(call, services, principal, sdk, (ctx) => tool.run(args, ctx));
        return toResult(result, services.config.MAX_OUTPUT_BYTES);
      } catch (error) {
        if (error instanceof InputNeeded) return error.result;
        if (error instanceof ToolError) return toErrorResult(error);
        throw error;
      }
    });
  }
}

function toCall({ name, scopes, limits }: Tool): Call {
  return {
    kind: 'tool',
    name,
    ...(scopes && { scopes }),
    ...(limits?.timeoutMs && { timeoutMs: limits.timeoutMs }),
    ...(limits?.perMinute && { limiter: new RateLimiter(limits.perMinute) }),
  };
}

function toResult(structuredContent: Record<string, unknown>, maxBytes: number): CallToolResult {
  const text = JSON.stringify(structuredContent);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    return toErrorResult(
      new ToolError('OUTPUT_TOO_LARGE', `The result has ${bytes} bytes; ${maxBytes} are allowed.`, {
        suggestions: ['Ask for less, for example with a smaller limit or a narrower search.'],
      }),
    );
  }
  return { structuredContent, content: [{ type: 'text', text }] };
}

function toErrorResult({ code, message, retryable, suggestions }: ToolError): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: [message, ...suggestions].join('\n') }],
    _meta: { error: { code, retryable } },
  };
}
