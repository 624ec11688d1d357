import type { ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import type { ToolContext } from '../pipeline/context.js';

export interface Tool<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  /** `^[a-zA-Z0-9_-]{1,64}$`; clients refuse other names. */
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, and what comes back. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: Required<Omit<ToolAnnotations, 'title'>>;
  /** What the caller must be allowed to do. */
  readonly scopes?: readonly string[];
  /** Tighter than the server's defaults. */
  readonly limits?: { readonly perMinute?: number; readonly timeoutMs?: number };
  /** @throws {ToolError} with a message for the model; any other error stays inside. */
  run(input: z.output<Input>, ctx: ToolContext): z.input<Output> | Promise<z.input<Output>>;
}

/** Types a tool. Add its line to `index.ts` and it is served. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool;
}
