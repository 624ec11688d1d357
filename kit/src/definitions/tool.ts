import type { ContentBlock, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod/v4';

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
  Context = never,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject | undefined = z.ZodObject | undefined,
> extends Common<Input> {
  /** The data that come back. Without it the result is content to be looked at: texts, images, sounds, resources. */
  readonly output?: Output;
  /** @throws {ToolError} with a message for the model; any other error stays inside. */
  run(input: z.output<Input>, ctx: Context): ToolResult<Output> | Promise<ToolResult<Output>>;
}

export type ToolResult<Output> = Output extends z.ZodObject ? z.input<Output> : ContentBlock[];
