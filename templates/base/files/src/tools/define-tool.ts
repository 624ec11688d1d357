import type { ContentBlock, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';
import { checkScopes } from '../pipeline/check-scopes.js';
import type { CallContext } from '../pipeline/context.js';

interface Common<Input extends z.ZodObject> {
  /** `^[a-zA-Z0-9_-]{1,64}$`; clients refuse other names. */
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, and what comes back. */
  readonly description: string;
  readonly input: Input;
  readonly annotations: Required<Omit<ToolAnnotations, 'title'>>;
  /** What the caller must be allowed to do. */
  readonly scopes?: readonly string[];
  /** Tighter than the server's defaults. */
  readonly limits?: { readonly perMinute?: number; readonly timeoutMs?: number };
}

/** A tool whose result is data; the model gets it as JSON, too. */
export interface Tool<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject | undefined = z.ZodObject | undefined,
> extends Common<Input> {
  /** The data that come back. Without it the result is content to be looked at: texts, images, sounds, resources. */
  readonly output?: Output;
  /** @throws {ToolError} with a message for the model; any other error stays inside. */
  run(input: z.output<Input>, ctx: CallContext): Result<Output> | Promise<Result<Output>>;
}

type Result<Output> = Output extends z.ZodObject ? z.input<Output> : ContentBlock[];

/**
 * Types a tool. Add its line to `index.ts` and it is served.
 * @throws {TypeError} when a scope is not one.
 */
export function defineTool<
  Input extends z.ZodObject,
  Output extends z.ZodObject | undefined = undefined,
>(tool: Tool<Input, Output>): Tool<Input, Output> {
  checkScopes(tool);
  return tool;
}
